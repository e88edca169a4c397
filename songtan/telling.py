"""How an error reaches the person at the terminal: a message in their language and an exit code."""

import typer

from catalog.formats.errors import AppError
from catalog.look.language import spoken_language, translate_error

EXIT_FAILED = 1
EXIT_NOT_READY = 3


def tell(error: AppError) -> int:
    """Print the error; returns the exit code: 3 if something is not there or not ready, else 1."""
    typer.echo(f"songtan: {translate_error(error, spoken_language())}", err=True)
    return EXIT_NOT_READY if error.status == 503 else EXIT_FAILED
