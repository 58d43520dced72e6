"""What `bin/bench crash` is made of."""
