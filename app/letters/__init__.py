"""Copies of what members sent and of what addressees answered: the evidence behind a response."""
