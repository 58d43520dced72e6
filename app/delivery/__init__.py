"""The ledger: who gets what, and what became of it."""
