"""The pages of the central program: `partner/` for those who upload lessons, `ops/` for those who run the centre.

Pages are HTML first: forms that post and redirect, a sentence next to where one looks when something is wrong.
They call the services of `catalog` in the same process, never the JSON API. `install.py` puts them into the app.
"""
