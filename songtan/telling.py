"""How an error reaches the person at the terminal: a message in their language and an exit code."""

import os
import sys

from catalog.formats.errors import AppError
from catalog.look.language import Language, known_language, translate_error

EXIT_FAILED = 1
EXIT_NOT_READY = 3


def spoken_language() -> Language:
    """The language that the terminal's user reads, by LC_ALL, LC_MESSAGES or LANG; English if none says."""
    wish = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
    return known_language(wish) or "en"


def tell(error: AppError) -> int:
    """Print the error; returns the exit code: 3 if something is not there or not ready, else 1."""
    print(f"songtan: {translate_error(error, spoken_language())}", file=sys.stderr)  # noqa: T201 - the terminal's
    return EXIT_NOT_READY if error.status == 503 else EXIT_FAILED
