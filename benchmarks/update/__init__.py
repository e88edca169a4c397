"""What an update costs on the line, and a look that finds nothing new."""
