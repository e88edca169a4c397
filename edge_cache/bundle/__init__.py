"""Releases to and from a USB drive."""
