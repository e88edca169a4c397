"""What can go wrong with counties, sites, nodes, enrolment and assignments."""

from catalog.formats.errors import N_, AppError


class CountyUnknown(AppError):
    """No county has this id."""

    code = "county.unknown"
    status = 404
    message = N_("There is no county %(county)s. Open the list of counties and choose one.")


class SiteUnknown(AppError):
    """No site has this id."""

    code = "site.unknown"
    status = 404
    message = N_("There is no school %(site)s. Open the list of schools and choose one.")


class NodeUnknown(AppError):
    """No node has this id."""

    code = "node.unknown"
    status = 404
    message = N_("There is no node %(node)s. Open the list of nodes and choose one.")


class NameTaken(AppError):
    """Another of its kind in the same place has this name."""

    code = "nodes.name-taken"
    status = 409
    message = N_("There is something called %(name)s here already. Choose another name.")


class CodeUnknown(AppError):
    """Nobody gave this enrolment code out."""

    code = "enrolment.unknown-code"
    status = 404
    message = N_("This enrolment code is not known. Compare it letter by letter, or ask ops for a new one.")


class CodeUsed(AppError):
    """The enrolment code has enrolled a node already."""

    code = "enrolment.used"
    status = 409
    message = N_("This enrolment code has been used already; a code works once. Ask ops for a new one.")


class CodeExpired(AppError):
    """The enrolment code was not used in time."""

    code = "enrolment.expired"
    status = 410
    message = N_("This enrolment code expired at %(expired)s. Ask ops for a new one.")


class TooManyCodes(AppError):
    """Too many wrong codes from one address; `retry_after` is in seconds."""

    code = "enrolment.too-many-attempts"
    status = 429
    message = N_("Too many wrong enrolment codes from this address. Wait %(minutes)s minutes, then try again.")


class NodeNotKnown(AppError):
    """A node's request carries no token, or one that is not valid any more."""

    code = "node.not-known"
    status = 401
    message = N_("The centre does not know this node's token: it was enrolled anew or removed. Enrol it again.")


class NoDirection(AppError):
    """Nothing has been directed to the node yet."""

    code = "direction.none"
    status = 404
    message = N_("There is no direction for this node yet. Ask again in a minute.")


class ChoiceUnknown(AppError):
    """A form sent a choice that its page does not offer."""

    code = "nodes.choice-unknown"
    status = 422
    message = N_("Choose one of the list.")


class RuleUnknown(AppError):
    """No targeting rule has this id."""

    code = "assignment.unknown"
    status = 404
    message = N_("There is no assignment %(assignment)s; it may have been removed already.")


class OneTarget(AppError):
    """A targeting rule names exactly one of node, site and county."""

    code = "assignment.one-target"
    status = 422
    message = N_("Say whom the course is for: one node, or one school, or one county.")


class ReportNotYours(AppError):
    """A report whose id another node used."""

    code = "report.not-yours"
    status = 409
    message = N_("Another node sent a report with the id %(report)s. Give each report an id of its own.")


class WindowWrong(AppError):
    """Something that is no fill window."""

    code = "nodes.window"
    status = 422
    message = N_(
        "“%(window)s” names no hours. Write 22:00-06:00 for every day, or 1-5 22:00-06:00 for Monday to Friday."
    )
