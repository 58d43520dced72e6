"""What members choose for themselves, on a page that a freshly mailed link alone opens."""
