"""Power cuts at random moments: what a node's disk holds then, and what the node makes of it."""
