"""Passphrases for the command line: asked for, or read from a file or standard input; never an argument."""

import getpass
import sys
from collections.abc import Iterator
from pathlib import Path

from catalog.formats.errors import N_, AppError
from signer.keys import check_strength


class NoPassphrase(AppError):
    """A passphrase is needed, and there is nobody to ask and no line left in the file."""

    code = "signer.no-passphrase"
    status = 422
    message = N_("The passphrase for %(name)s is missing: write it as line %(line)s of %(where)s.")


class PassphraseMismatch(AppError):
    """A new passphrase was typed in two ways."""

    code = "signer.passphrase-mismatch"
    status = 422
    message = N_("The two passphrases for %(name)s differ. Nothing was made; run the command again.")


class Passphrases:
    """Gives one passphrase after the other: from the lines of `source` ("-" is standard input), or by asking."""

    def __init__(self, source: Path | None) -> None:
        self._where = "" if source is None else str(source)
        self._lines: Iterator[str] | None = None
        self._line = 0
        if source is not None:
            text = sys.stdin.read() if str(source) == "-" else source.read_text(encoding="utf-8")
            self._lines = iter(text.splitlines())

    def known(self, name: str) -> str:
        """Return the passphrase of a key that exists. Raises NoPassphrase."""
        return self._next(name)

    def new(self, name: str) -> str:
        """Return the passphrase for a new key; a person types it twice. Raises WeakPassphrase, PassphraseMismatch."""
        passphrase = self._next(name)
        check_strength(name, passphrase)
        if self._lines is None and getpass.getpass(f"Again, for {name}: ") != passphrase:
            raise PassphraseMismatch(name=name)
        return passphrase

    def _next(self, name: str) -> str:
        self._line += 1
        if self._lines is None:
            if not sys.stdin.isatty():
                raise NoPassphrase(name=name, line=self._line, where="--passphrase-file")
            return getpass.getpass(f"Passphrase for {name}: ")
        line = next(self._lines, "")
        if not line:
            raise NoPassphrase(name=name, line=self._line, where=self._where)
        return line
