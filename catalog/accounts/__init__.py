"""Partners, the people who sign in, and their sessions."""
