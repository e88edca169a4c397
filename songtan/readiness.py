"""Asking a program over HTTP whether it is ready."""

import httpx2

from songtan.errors import NotAnswering


def ask(url: str, seconds: float = 3.0) -> None:
    """Raises `NotAnswering` unless `url` answers 200 within `seconds`."""
    try:
        status = httpx2.get(url, timeout=seconds).status_code
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise NotAnswering(url=url, why=str(error) or type(error).__name__) from error
    if status != httpx2.codes.OK:
        raise NotAnswering(url=url, why=f"status {status}")


def answers(url: str, seconds: float = 3.0) -> bool:
    """Whether `url` answers 200 within `seconds`."""
    try:
        ask(url, seconds)
    except NotAnswering:
        return False
    return True
