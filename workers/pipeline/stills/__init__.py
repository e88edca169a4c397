"""Stills, decks, chapters and the poster: what the `listen` rung shows, and what players seek by.

`choice` and `matching` and `times` are pure; `extract`, `decks`, `pptx` and `picture_source` run tools.
"""
