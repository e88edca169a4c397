"""The ladder of a lesson: what is tried on short stretches of it, and which of that becomes its rungs."""
