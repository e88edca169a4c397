"""Counties, sites and nodes: enrolment, targeting, directions, and what nodes report."""
