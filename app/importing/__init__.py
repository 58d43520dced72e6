"""Lists of members on their way in: read, shown, applied."""
