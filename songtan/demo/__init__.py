"""The demo: one lesson walks the whole way on this machine, by the same public APIs and commands that people use.

`main.py` is the command, `way.py` the walk, `node.py` the classroom box, `check.py` what `--once` makes sure of.
"""
