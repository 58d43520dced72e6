"""Cases of people at risk, and what members are asked to do."""
