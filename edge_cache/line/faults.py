"""What went wrong on a connection, told apart: each kind is another thing to do for who reads it."""

import socket
import ssl
from collections.abc import Iterator

from edge_cache.errors import SourceFailed, SourceRefuses, SourceTimedOut, SourceUnknownHost, SourceUnreachable
from edge_cache.line.errors import SourceCertificateExpired, SourceCertificateNotYet, SourceCertificateUnknown

_NOT_YET, _EXPIRED = 9, 10
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL."""


def told_apart(error: BaseException, address: str) -> SourceFailed:
    """Return what an error of a socket, of TLS, or of a client that wraps one means for `address`."""
    for cause in _causes(error):
        found = _kind_of(cause, address)
        if found is not None:
            return found
    return SourceUnreachable(address=address, why=str(error) or "the connection broke")


def _kind_of(cause: BaseException, address: str) -> SourceFailed | None:
    if isinstance(cause, SourceFailed):
        return cause
    if isinstance(cause, ssl.SSLCertVerificationError):
        kind = {_NOT_YET: SourceCertificateNotYet, _EXPIRED: SourceCertificateExpired}.get(cause.verify_code)
        return kind(address=address) if kind else SourceCertificateUnknown(address=address, why=cause.verify_message)
    kinds: dict[type[BaseException], type[SourceFailed]] = {
        socket.gaierror: SourceUnknownHost,
        ConnectionRefusedError: SourceRefuses,
        TimeoutError: SourceTimedOut,
        UnicodeError: SourceUnknownHost,  # a name with an empty part, or of letters that no name has
    }
    for kind_of_error, means in kinds.items():
        if isinstance(cause, kind_of_error):
            return means(address=address)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came from, the outermost first."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__
