"""The figures of the first thin way from upload to classroom: one module for each, `python -m` runs them all."""
