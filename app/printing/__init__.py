"""An issue on paper, for members without mail, and what comes back of it."""
