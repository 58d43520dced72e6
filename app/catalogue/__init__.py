"""The sectors' catalogue of asks: what each profession's standing lets its members do."""
