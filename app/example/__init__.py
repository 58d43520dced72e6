"""The example that a new data folder starts with: invented people in invented places."""

from app.example.load import load

__all__ = ["load"]
