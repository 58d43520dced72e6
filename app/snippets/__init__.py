"""Words of a network that are kept to be used again."""
