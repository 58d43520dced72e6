"""What a mail that came in is, of its bytes alone: pure, no database, no web, no clock."""
