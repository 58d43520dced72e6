"""Figures of this machine, each beside a naive way of doing the same, measured in turns."""
