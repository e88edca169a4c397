"""What people see at a glance: how lessons, courses, nodes and jobs stand. It reads every feature and changes none."""
