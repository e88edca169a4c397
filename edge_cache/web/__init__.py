"""The node's pages: lessons, the player, how the box is, and its first set-up."""
