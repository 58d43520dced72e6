"""What staff read: who was asked, who acted, and how that is known."""
