"""What sixty screens ask of a node, and what that costs."""
