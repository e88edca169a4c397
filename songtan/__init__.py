"""The front door: one command that starts the whole system, and hands over to each program."""
