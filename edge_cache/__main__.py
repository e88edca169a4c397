"""`python -m edge_cache serve` and the other commands."""

from edge_cache.cli import main

if __name__ == "__main__":
    main()
