"""`python -m workers`."""

import sys

from catalog.formats.errors import AppError
from workers.cli import app


def main() -> None:
    """Run the command line; an `AppError` becomes a message and exit code 1."""
    try:
        app(prog_name="python -m workers")
    except AppError as error:
        sys.exit(f"songtan worker: {error}")


if __name__ == "__main__":
    main()
