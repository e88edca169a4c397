"""The classroom box: fetches verified lessons while the line allows, and serves them with no line at all."""

SOFTWARE = "songtan-edge 0.1.0"
"""What a node says it runs, to the centre and in its pages."""
