"""Laws that hold for every world: whatever was delivered, in whatever order."""
