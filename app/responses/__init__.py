"""What members say of each ask."""
