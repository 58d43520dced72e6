"""The example that a new data folder starts with: invented people, invented places, plain to see."""

from app.example.load import load

__all__ = ["load"]
