"""What the node holds: segments and small files as immutable files, and the rows that say which."""
