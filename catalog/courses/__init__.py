"""Courses and lessons, the sources that partners upload, and captions."""
