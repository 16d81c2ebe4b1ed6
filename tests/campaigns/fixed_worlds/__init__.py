"""Six small worlds that stand still, and how they are landed."""
