"""What `bin/bench faults` is made of."""
