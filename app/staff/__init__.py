"""Who may do what, how they sign in, and what they did."""
