"""How an issue becomes mail: pure values in, bytes out."""
