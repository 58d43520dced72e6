"""The reply inbox: what people write to us, and what staff answer."""
