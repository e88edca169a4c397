"""What can go wrong on a node, in words for who looks at its pages or runs its commands."""

from catalog.formats.errors import N_, AppError


class NodeRunning(AppError):
    """Another process holds the node's folder."""

    code = "node.running"
    status = 409
    message = N_("Another process already runs the node in %(folder)s. Use its pages, or stop it first.")


class AddressTaken(AppError):
    """The node cannot listen where it should."""

    code = "node.address-taken"
    status = 500
    message = N_("The node cannot listen on %(address)s: %(why)s. Stop what does, or set SONGTAN_EDGE_LISTEN.")


class NodeStateUnreadable(AppError):
    """The node's folder cannot be used."""

    code = "node.state-unreadable"
    status = 500
    message = N_("The node's folder %(folder)s cannot be used: %(why)s. Check the disk and who may write there.")


class OurFault(AppError):
    """Something that we did not foresee."""

    code = "node.fault"
    status = 500
    message = N_("Something went wrong on this box. Try again; if it stays, tell the centre's staff.")


class NotEnrolled(AppError):
    """The node does not belong to a centre yet."""

    code = "node.not-enrolled"
    status = 409
    message = N_("This node is not enrolled. Open its page /setup, or run `songtan edge enrol`.")


class AlreadyEnrolled(AppError):
    """The node belongs to a centre."""

    code = "node.already-enrolled"
    status = 409
    message = N_("This node is already enrolled as %(name)s. To enrol it anew, choose an empty folder for it.")


class ForeignForm(AppError):
    """A form that another site's page sent."""

    code = "setup.foreign-form"
    status = 403
    message = N_("This form was sent from another site's page. Open the page of this box and fill it in there.")


class BadCode(AppError):
    """Something was typed that is no enrolment code."""

    code = "enrolment.malformed"
    status = 422
    message = N_("This is not an enrolment code: it has six groups of four letters and digits. Check it and try again.")


class UnknownCode(AppError):
    """The centre does not know the code."""

    code = "enrolment.unknown-code"
    status = 404
    message = N_("The centre does not know this code. Check each letter, or ask the centre's staff for a new one.")


class UsedCode(AppError):
    """The code has been used."""

    code = "enrolment.used"
    status = 409
    message = N_("This code has already been used; a code works once. Ask the centre's staff for a new one.")


class ExpiredCode(AppError):
    """The code is too old."""

    code = "enrolment.expired"
    status = 410
    message = N_("This code has expired. Ask the centre's staff for a new one.")


class TooManyCodes(AppError):
    """Too many wrong codes came from here."""

    code = "enrolment.too-many"
    status = 429
    message = N_("Too many wrong codes were tried. Wait a few minutes, then try again.")


class WrongFingerprint(AppError):
    """Who answered does not have the root that the code vouches for."""

    code = "enrolment.wrong-fingerprint"
    status = 422
    message = N_(
        "What answered at %(address)s is not the centre that made this code: its fingerprint differs. "
        "Nothing was changed. Check the address, and whether someone sits on the line."
    )


class BadAddress(AppError):
    """Something was typed that is no address of a centre."""

    code = "centre.bad-address"
    status = 422
    message = N_("%(address)s is not an address of a centre. It begins with http:// or https://.")


class CentreRefused(AppError):
    """The centre answered with an error."""

    code = "centre.refused"
    status = 502
    message = N_("The centre at %(address)s answered %(answer)s. Try again later, or ask the centre's staff.")


class CentreForgot(AppError):
    """The centre does not know this node's token (any more)."""

    code = "centre.unknown-node"
    status = 502
    message = N_("The centre does not know this node any more. What is here plays on; ask the centre's staff.")


class NotTheCentre(AppError):
    """Something answered, but not as a centre does."""

    code = "centre.not-ours"
    status = 502
    message = N_(
        "What answered at %(address)s is not a Songtan centre. Check the address, and whether the line wants a sign-in."
    )


class SourceFailed(AppError):
    """A source did not give what was asked for; the subclasses say how."""

    code = "source.failed"
    status = 502
    message = N_("%(address)s did not give what was asked for.")
    wears_off = True
    """Whether trying again soon can help."""


class SourceUnreachable(SourceFailed):
    """No connection."""

    code = "source.unreachable"
    message = N_("%(address)s cannot be reached: %(why)s. The node tries again by itself; check the line if it lasts.")


class SourceTimedOut(SourceFailed):
    """A connection on which nothing came."""

    code = "source.timed-out"
    message = N_("%(address)s did not answer in time. The node tries again by itself; check the line if it lasts.")


class SourceRefuses(SourceFailed):
    """Nobody listens at the address."""

    code = "source.refuses"
    message = N_(
        "%(address)s refuses the connection: the machine is there, but nothing answers on it. "
        "The node tries again by itself; tell the centre's staff if it lasts."
    )


class SourceUnknownHost(SourceFailed):
    """The name cannot be looked up."""

    code = "source.unknown-host"
    message = N_(
        "The name in %(address)s cannot be looked up. The node tries again by itself; check the line, and its DNS."
    )


class NoLine(AppError):
    """How the pages sum up whatever cannot be reached."""

    code = "line.none"
    status = 503
    message = N_(
        "The centre or the store cannot be reached. Lessons that are here play on, and the node tries again by itself. "
        "Check the line if it should be there."
    )


LINE_CODES = frozenset({SourceUnreachable.code, SourceTimedOut.code, SourceRefuses.code, SourceUnknownHost.code})
"""What a box at the end of a thin line meets every day."""


class SourceForbids(SourceFailed):
    """401 or 403."""

    code = "source.forbids"
    message = N_("%(address)s does not let this node read (answer %(status)s). Ask the centre's staff.")
    wears_off = False


class SourceLacks(SourceFailed):
    """404 or 410."""

    code = "source.lacks"
    message = N_("%(address)s is not there (answer %(status)s). Ask the centre's staff.")
    wears_off = False


class SourceRefusesRange(SourceFailed):
    """416: the object is shorter than its index says."""

    code = "source.refuses-range"
    message = N_("%(address)s is shorter than its index says (answer %(status)s). Ask the centre's staff.")
    wears_off = False


class SourceFailing(SourceFailed):
    """5xx, 429 and whatever else is not an answer."""

    code = "source.failing"
    message = N_("%(address)s is in trouble (answer %(status)s). The node tries again by itself.")


class SourceNotOurs(SourceFailed):
    """A page where an object was asked for: a captive portal, or a cache that knows no ranges."""

    code = "source.not-ours"
    message = N_(
        "Something else answered for %(address)s: %(why)s. "
        "If the line wants a sign-in, open any page in a browser here."
    )


class SourceBrokeOff(SourceFailed):
    """Fewer bytes than asked for."""

    code = "source.broke-off"
    message = N_("%(address)s broke off after %(got)s of %(wanted)s bytes. What came is kept; the node goes on.")


class SourceTooLong(SourceFailed):
    """More bytes than asked for."""

    code = "source.too-long"
    message = N_("%(address)s sent more than the %(wanted)s bytes asked for. Ask the centre's staff.")
    wears_off = False


class SourceSentBadBytes(SourceFailed):
    """Bytes that are not what their digest says."""

    code = "source.bad-bytes"
    message = N_(
        "%(address)s holds other bytes than were signed: %(why)s. They were thrown away and will be asked for again."
    )
    wears_off = False


class DiskTrouble(AppError):
    """The disk takes nothing more for now; what is on it is served."""

    code = "disk.trouble"
    status = 507
    message = N_("The disk takes nothing more. Lessons that are here play on.")


class DiskFull(DiskTrouble):
    """The disk's reserve is reached."""

    code = "disk.full"
    message = N_(
        "The disk is full: %(free)s bytes are free and %(reserve)s stay free for the machine. "
        "Lessons that are here play on; make room to fetch more."
    )


class QuotaReached(DiskTrouble):
    """The store is as large as the centre's policy lets it be."""

    code = "disk.quota"
    message = N_(
        "The store holds %(held)s bytes, and the centre lets it hold %(quota)s. Lessons that are here play on; ask the"
        " centre for a larger quota to fetch more."
    )


class DiskUnwritable(DiskTrouble):
    """The disk refuses to be written: mounted read-only after a fault, or dying."""

    code = "disk.unwritable"
    message = N_(
        "The disk under %(folder)s cannot be written: %(why)s. Lessons that are here play on, nothing new is kept. "
        "Start the box anew; if it stays, the disk is dying: replace it."
    )


class ReleaseMissing(AppError):
    """A direction names a course that the signed repository does not list, or not so new."""

    code = "release.missing"
    status = 404
    message = N_(
        "Release %(release)s of course %(course)s is announced, but the signed list has %(listed)s. "
        "Ask the centre's staff."
    )


class StatementExpired(AppError):
    """A signed statement is past its date: a warning, never a refusal."""

    code = "trust.expired"
    status = 422
    message = N_(
        "The signed statement %(role)s is past its date (%(expires)s). Lessons play on; tell the centre's staff."
    )


class ClockWrong(AppError):
    """The box's clock cannot be right."""

    code = "clock.wrong"
    status = 422
    message = N_("This box's clock is wrong by about %(seconds)s seconds. Set it; lessons play on meanwhile.")


class LessonUnknown(AppError):
    """No such lesson in any release that this node should hold."""

    code = "lesson.unknown"
    status = 404
    message = N_("This lesson is not on this node. Go back to the list.")


class MediaUnknown(AppError):
    """An address of media that this node does not hold."""

    code = "media.unknown"
    status = 404
    message = N_("This part of a lesson is not on this node. Open the lesson again from the list.")


class MediaDamaged(AppError):
    """A segment whose bytes are no longer what they were: it is being fetched again."""

    code = "media.damaged"
    status = 503
    message = N_("This part of the lesson was damaged on the disk and is being fetched again. Try again in a moment.")
