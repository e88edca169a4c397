"""What can be wrong with a deck: a PDF or PPTX beside the video, or instead of it."""

from catalog.formats.errors import N_, AppError


class NotADeck(AppError):
    """Neither a PDF nor a PPTX."""

    code = "deck.not-a-deck"
    status = 422
    message = N_("The deck is neither a PDF nor a PPTX. Export the slides as PDF and upload them again.")


class DeckEmpty(AppError):
    """No page that is shown."""

    code = "deck.empty"
    status = 422
    message = N_("The deck has no page that is shown. Export the slides as PDF and upload them again.")


class DeckLocked(AppError):
    """Opening asks for a password."""

    code = "deck.locked"
    status = 422
    message = N_("The deck is locked with a password. Save it without one and upload it again.")


class DeckDamaged(AppError):
    """The file is broken, or not what it says it is."""

    code = "deck.damaged"
    status = 422
    message = N_("The deck cannot be read (%(why)s). Open it, export it as PDF and upload that.")


class DeckTooLong(AppError):
    """More pages than a lesson's deck may have."""

    code = "deck.too-many-pages"
    status = 422
    message = N_("The deck has %(pages)s pages; a lesson's deck may have %(limit)s. Divide it as the lessons are.")


class DeckPageSize(AppError):
    """A page has a size or shape that no slide has."""

    code = "deck.page-size"
    status = 422
    message = N_(
        "Page %(page)s of the deck is %(width)s×%(height)s points, which is no slide. Set its size and export again."
    )


class DeckTooHeavy(AppError):
    """Drawing the pages takes more time, memory or room than a deck may."""

    code = "deck.too-heavy"
    status = 422
    message = N_(
        "The deck takes too much to draw (%(why)s). Make its pictures smaller, export it as PDF and upload that."
    )


class DeckHasMacros(AppError):
    """The PPTX carries a program."""

    code = "deck.macros"
    status = 422
    message = N_("The deck carries macros, which are not taken. Export it as PDF and upload that.")


class DeckNeedsRenderer(AppError):
    """A PPTX, and no LibreOffice on this worker to draw it."""

    code = "deck.no-renderer"
    status = 422
    message = N_("This centre cannot draw PPTX (LibreOffice is not installed). Export the deck as PDF and upload that.")


class DeckTimesWrong(AppError):
    """The times that a partner gives for the pages do not fit."""

    code = "deck.times-wrong"
    status = 422
    message = N_(
        "The times of the deck's pages do not fit (%(why)s). Give one time a page, in order, within the voice."
    )
