"""What comes back: so far, leaving by the link in a mail."""
