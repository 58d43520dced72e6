"""What remains of an issue after it went out: its words as they were mailed, and a page of them."""
