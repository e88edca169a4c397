"""The gates: quality measured on what was encoded, and whether it is good enough to be shipped."""
