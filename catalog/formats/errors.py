"""One error for everything that a person can put right.

An `AppError` carries a stable code, an HTTP status, a message to translate and the data that fills it in.
Messages are gettext msgids in English; each says what was wrong, where, and what to do.
"""

from typing import ClassVar


def N_(message: str) -> str:
    """Mark a message for translation where it is written; it is translated where it is shown."""
    return message


class AppError(Exception):
    """An error with a message for the person who can act on it; never raised itself, always a subclass.

    `data` holds JSON values that fill the message's `%(name)s` fields and travel in problem+json.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 400
    message: ClassVar[str]

    def __init__(self, **data: str | int | float | None) -> None:
        super().__init__(self.code)
        self.data = data

    def __str__(self) -> str:
        return self.message % self.data


class BadFormat(AppError):
    """Bytes that are not what their format says; `what` names the format, `why` the fault."""

    code = "format.bad"
    status = 422
    message = N_("This is not a valid %(what)s: %(why)s. Fetch or make it again.")


class NotTrusted(AppError):
    """A statement that is not signed by those who may sign it, or is older than one already seen."""

    code = "trust.refused"
    status = 422
    message = N_("%(what)s was refused: %(why)s. What was verified before stays in use; ask the centre's staff.")
