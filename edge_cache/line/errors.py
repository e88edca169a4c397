"""What can go wrong on the school's line, told apart: each kind is another thing to do for who reads it."""

from catalog.formats.errors import N_, AppError
from edge_cache.errors import SourceFailed


class SourceDrips(SourceFailed):
    """Bytes come, but far too slowly to be of use."""

    code = "source.drips"
    message = N_(
        "%(address)s sent only %(got)s bytes in %(seconds)s seconds. "
        "The node takes it from elsewhere if it can, and tries again."
    )


class SourceCertificateNotYet(SourceFailed):
    """A certificate that begins later than this box's clock says it is: the clock is wrong."""

    code = "source.certificate-not-yet"
    message = N_(
        "The certificate of %(address)s is not valid yet by this box's clock: the clock is surely wrong. Set its date."
    )
    wears_off = False


class SourceCertificateExpired(SourceFailed):
    """A certificate whose time is over, or a clock that is ahead."""

    code = "source.certificate-expired"
    message = N_(
        "The certificate of %(address)s has expired, or this box's clock is ahead. "
        "Check the box's date; if it is right, tell the centre's staff."
    )
    wears_off = False


class SourceCertificateUnknown(SourceFailed):
    """A certificate that nobody known has signed, or for another name: perhaps someone sits on the line."""

    code = "source.certificate-unknown"
    message = N_(
        "The certificate of %(address)s cannot be trusted: %(why)s. If the line wants a sign-in, open any page in a "
        "browser here; otherwise ask who looks after the network."
    )
    wears_off = False


class SourceDistrusted(SourceFailed):
    """A source that sent too much that was damaged."""

    code = "source.distrusted"
    message = N_(
        "%(address)s has sent so many damaged pieces that it is not asked for an hour. "
        "Lessons come from elsewhere meanwhile; check that machine's disk and cable."
    )
    wears_off = False


class BadProxy(SourceFailed):
    """A proxy's address that is none, or of a kind that we do not speak with."""

    code = "proxy.bad-address"
    message = N_(
        "%(proxy)s is no address of a proxy. Write http://host:port in SONGTAN_EDGE_PROXY, HTTP_PROXY or HTTPS_PROXY."
    )
    wears_off = False


class ProxyRefuses(SourceFailed):
    """The proxy does not let us through: 407, or a CONNECT that it refuses."""

    code = "proxy.refuses"
    message = N_(
        "The network's proxy at %(address)s does not let this node through (answer %(status)s). "
        "Check the name and password in its address, or ask who looks after the network."
    )
    wears_off = False


class LineClosed(AppError):
    """The fill may not use the line now: it is paused, or no window is open. What came is kept."""

    code = "line.closed"
    status = 503
    message = N_("The fill is paused, or waits for its hours.")


class SourceLinkExpired(SourceFailed):
    """A link that was good for a time only, and that is over."""

    code = "source.link-expired"
    message = N_(
        "The link to %(address)s has expired (answer %(status)s), or this box's clock is wrong. "
        "The node asks the centre for a new direction; check the box's date if it lasts."
    )
    wears_off = False
