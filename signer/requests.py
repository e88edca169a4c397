"""What comes in over HTTP: bodies with a limit, the service token, forms only from the signer's own pages."""

import hmac
import json
from urllib.parse import parse_qs

from pydantic import BaseModel, Field, SecretStr, ValidationError
from starlette.requests import Request

from catalog.formats.errors import BadFormat
from catalog.formats.release import first_fault
from signer.errors import ForeignOrigin, NotAllowed, TooLarge

MAX_FORM_BYTES = 16 << 10


class Signature(BaseModel):
    """What a person sends to sign: their name as ops registered it, and their passphrase."""

    signer: str = Field(default="", max_length=200)
    passphrase: SecretStr = Field(default=SecretStr(""), max_length=1000)


async def read_body(request: Request, limit: int) -> bytes:
    """Return a request's body. Raises TooLarge as soon as it has more than `limit` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge(limit=limit)
    return bytes(body)


def check_token(request: Request, token: SecretStr) -> None:
    """Raise NotAllowed unless the request carries the service token."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
        raise NotAllowed


def is_json(request: Request) -> bool:
    """Say whether the body is JSON."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def check_origin(request: Request, url: str) -> None:
    """Raise ForeignOrigin unless a form comes from our own page.

    Browsers send Origin with every POST, old ones at least a Referer. A program (JSON, neither header) may come
    without: a foreign page cannot send JSON here, because no answer of ours allows it to (CORS).
    """
    origin = request.headers.get("origin")
    referer = request.headers.get("referer", "")
    if origin is None and (is_json(request) or referer.lower().startswith(f"{url}/")):
        return
    if (origin or "").lower() != url:
        raise ForeignOrigin(origin=(origin or referer or "–")[:200], url=f"{url}{request.url.path}")


async def read_signature(request: Request) -> Signature:
    """Return the name and passphrase in a form or JSON body. Raises TooLarge or BadFormat."""
    body = await read_body(request, MAX_FORM_BYTES)
    try:
        if is_json(request):
            return Signature.model_validate(json.loads(body))
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20)
        return Signature.model_validate({name: values[-1] for name, values in fields.items()})
    except ValidationError as error:
        raise BadFormat(what="form", why=first_fault(error)) from None
    except (ValueError, RecursionError) as error:
        raise BadFormat(what="form", why=type(error).__name__) from None
