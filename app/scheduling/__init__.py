"""Periodic work: rules of time, claimed ticks, and the command that shows them."""
