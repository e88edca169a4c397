"""The school's line: its connections, how hard they may pull, when they may, and what is wrong when they fail."""
