"""The planner on a node: reads what the node holds and was told into the planner's plain data."""
