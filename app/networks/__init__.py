"""Networks, their members, and how they come and go."""
