"""The database as a whole: brought to the schema, copied to the other kind, backed up, restored."""
