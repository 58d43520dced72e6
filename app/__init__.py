"""Docket: newsletters of loose professional networks, and who truthfully acted on them."""

PRODUCT_NAME = "Docket"  # the one place where the working title stands
