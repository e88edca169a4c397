"""What can be wrong with captions: each fault of a file is a class of its own, so that its words can be translated."""

from catalog.formats.errors import N_, AppError


class CaptionUnknown(AppError):
    """The lesson has no captions in this language."""

    code = "caption.unknown"
    status = 404
    message = N_("This lesson has no captions in %(language)s.")


class CaptionTooLarge(AppError):
    """A captions file of more than 1 MB, or one that becomes so as WebVTT."""

    code = "caption.too-large"
    status = 413
    message = N_("Captions may have %(limit)s bytes at most. Is this the right file?")


class BadCaption(AppError):
    """A captions file that cannot be used; `line` counts from 1. Only its subclasses are raised."""

    code = "caption.bad"
    status = 422
    message = N_("Line %(line)s of the captions cannot be used. Correct the file and send it again.")


class NotCaptions(BadCaption):
    """Text that is none of the formats."""

    message = N_(
        "This is no captions file that we know. Send WebVTT (.vtt), SubRip (.srt), TTML (.ttml) or ASS (.ass)."
    )


class EncodingUnknown(BadCaption):
    """Bytes that make sense in no encoding."""

    message = N_("Line %(line)s: the characters are in no encoding that we know. Save the captions as UTF-8.")


class TextDamaged(BadCaption):
    """UTF-8 with bytes missing or changed."""

    message = N_("Line %(line)s: the text is UTF-8, but damaged here. Save the captions again, or copy them anew.")


class NulCharacter(BadCaption):
    """A character that no text has."""

    message = N_("Line %(line)s: there is a NUL character in it, so this is no text. Save the captions as UTF-8.")


class BadCueTime(BadCaption):
    """A time that cannot be read."""

    message = N_(
        "Line %(line)s: the times of this caption cannot be read. "
        "Write them 00:01:02.345 --> 00:01:04.000, or as your format has them."
    )


class CueEndsFirst(BadCaption):
    """A cue whose end is not after its start."""

    message = N_("Line %(line)s: the caption ends before it begins. Correct its times and send the file again.")


class CueWithoutEnd(BadCaption):
    """A TTML cue that nothing ends."""

    message = N_("Line %(line)s: nothing says when this caption ends. Give it an end or a duration.")


class CueTooLate(BadCaption):
    """A time of a hundred hours or more."""

    message = N_("Line %(line)s: the caption comes after %(hours)s hours. Correct its times and send the file again.")


class CuesOutOfOrder(BadCaption):
    """Cues that start anew in the middle, so that sorting them would mix two films."""

    message = N_(
        "Line %(line)s: the caption begins before the one above it, at a time when others are shown. "
        "Are these two files in one? Send those of this lesson only."
    )


class CueTooLong(BadCaption):
    """A cue that would fill the screen many times over."""

    message = N_("Line %(line)s: this caption has more than %(limit)s characters. Is an empty line missing after it?")


class TooManyCues(BadCaption):
    """More cues than any lesson has."""

    message = N_("Line %(line)s: there are more than %(limit)s captions. Is this the right file?")


class NoCues(BadCaption):
    """A file of a format that we know, with nothing in it."""

    message = N_("There is no caption in the file. Is this the right file?")


class NoText(BadCaption):
    """Cues, and no word in any."""

    message = N_("The captions have times and no text. Is this the right file?")


class NothingLeft(BadCaption):
    """Cues that all lie before the lesson's start once they are shifted."""

    message = N_("Shifted like this, no caption is left: all would end before the lesson begins. Check the shift.")


class NotTimedText(BadCaption):
    """XML that is not TTML."""

    message = N_("This is XML, but not TTML: its first element is not <tt>. Send WebVTT, SubRip, TTML or ASS.")


class XmlBroken(BadCaption):
    """XML that is not well-formed."""

    message = N_("Line %(line)s: the XML is broken here. Export the captions again, or send them as WebVTT or SubRip.")


class XmlDoctype(BadCaption):
    """XML that declares a document type, and so could define entities; TTML needs none."""

    message = N_("Line %(line)s: the XML declares a document type (<!DOCTYPE>), which captions need not. Take it out.")


class XmlTooDeep(BadCaption):
    """XML with elements in elements beyond reason."""

    message = N_("Line %(line)s: more than %(limit)s elements lie in each other here. Export the captions again.")
