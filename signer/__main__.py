"""`python -m signer serve` and the other commands."""

from signer.cli import main

if __name__ == "__main__":
    main()
