"""What `bin/bench delivery` is made of."""
