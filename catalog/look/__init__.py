"""What every page of Songtan shares: templates, styles, the player, and the two languages.

`pages.py` is the door: build one `Pages` per program and answer requests with it. A newcomer who wants to
translate a string looks at `translate.py`, which says how.
"""
