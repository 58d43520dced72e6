"""The report: its arithmetic and its drawings."""
