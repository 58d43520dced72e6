"""What mail providers post to us, verified and read. Pure: no database, no web, no clock."""
