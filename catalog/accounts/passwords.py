"""Passwords by argon2id (RFC 9106's second choice: 64 MiB), and the tokens that stand for a session."""

import hashlib
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# Each hash takes 64 MiB: many wrong passwords at once must not take the machine's memory.
_AT_ONCE = threading.BoundedSemaphore(2)
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=1$c29uZ3Rhbi1ub2JvZHk$QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"


def hash_password(password: str) -> str:
    """Return the argon2id hash of `password`, with its salt and parameters."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def is_password(password_hash: str | None, password: str) -> bool:
    """Say whether `password` has that hash; None takes as long as a real one and is never right."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(password_hash or _NOBODY, password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def new_token() -> str:
    """Return a new secret of 256 bits as text for headers and cookies."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what the database keeps of a token. Tokens are random, so a plain sha256 cannot be searched."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def form_token(secret: str) -> str:
    """Return the token that forms carry, made from the cookie's secret: another site can read neither."""
    return hashlib.sha256(b"form:" + secret.encode(errors="replace")).hexdigest()[:32]


def is_form_token(secret: str, given: str) -> bool:
    """Say whether a form's token belongs to the cookie's secret."""
    return secrets.compare_digest(form_token(secret).encode(), given.encode(errors="replace"))
