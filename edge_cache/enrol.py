"""Enrolment: a one-time code becomes a name, a token, and a root that nobody on the line can swap."""

import base64
import hashlib
import re
from pathlib import Path

import httpx2
import structlog
from pydantic import SecretStr, ValidationError

from catalog.formats.protocol import EnrolRequest
from edge_cache import SOFTWARE
from edge_cache.centre import Centre, centre_address
from edge_cache.errors import AlreadyEnrolled, BadCode, WrongFingerprint
from edge_cache.identity import Identity, read_identity, write_identity
from edge_cache.releases.trusted import TrustFolder

log = structlog.get_logger(__name__)


def clean_code(text: str) -> str:
    """Return a code as the centre writes it, however it was typed. Raises BadCode."""
    plain = re.sub(r"[\s\-–—_.]+", "", text).upper()
    try:
        return EnrolRequest(code="-".join(plain[n : n + 4] for n in range(0, len(plain), 4)), software="").code
    except ValidationError as error:
        raise BadCode from error


def vouches_for(code: str, root: bytes) -> bool:
    """Say whether `code`'s last 12 characters are the fingerprint of `root`: the first 60 bits of its sha256."""
    fingerprint = base64.b32encode(hashlib.sha256(root).digest()).decode()[:12]
    return code.replace("-", "")[-12:] == fingerprint


async def enrol(client: httpx2.AsyncClient, state: Path, address: str, code: str) -> Identity:
    """Enrol the node whose folder is `state` at the centre at `address`.

    The identity is written last: a stop before leaves the node as it was. Raises AppError with what to do.
    """
    known = read_identity(state)
    if known is not None:
        raise AlreadyEnrolled(name=known.name)
    code, address = clean_code(code), centre_address(address)
    answer = await Centre(client, address).enrol(EnrolRequest(code=code, software=SOFTWARE))
    root = answer.root.encode()
    if not vouches_for(code, root):
        raise WrongFingerprint(address=address)
    TrustFolder(state / "trust").begin(root)
    identity = Identity(
        node=answer.node,
        name=answer.name,
        site_name=answer.site_name,
        centre=address,
        store_url=answer.store_url.rstrip("/"),
        token=SecretStr(answer.token),
    )
    write_identity(state, identity)
    log.info("node.enrolled", node=identity.node, name=identity.name, centre=address)
    return identity
