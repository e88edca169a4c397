"""Words for what the formats name by codes, to be translated where they are shown."""

from catalog.formats.errors import N_

RUNG_WORDS = {
    "listen": N_("sound only"),
    "floor": N_("for thin lines"),
    "clear": N_("clear"),
    "best": N_("best"),
}
"""What people call a rung of the ladder."""

TIER_WORDS = {
    "compatible": N_("for every screen"),
    "modern": N_("for newer screens"),
}
"""What people call a tier."""

WEEKDAY_WORDS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
"""The days of the week, short."""

STATE_WORDS = {
    "ready": N_("Ready"),
    "will-play": N_("Will play"),
    "arriving": N_("Arriving"),
    "at-risk": N_("At risk"),
}
"""How a lesson on the timetable stands, by `catalog.formats.forecast.State`."""

WHY_WORDS = {
    "no-course": N_("This box has no such course. Ask the centre to assign it."),
    "no-lesson": N_("The course has no such lesson, or has come to its end."),
    "no-line": N_("There is no line now."),
    "line-slow": N_("The line is too slow to bring it before the bell."),
    "line-busy": N_("The school's line is in use; the box gives way."),
    "paused": N_("Fetching is paused, or not allowed at this time."),
    "disk-full": N_("The disk is full."),
    "budget": N_("What the line may bring for now is used up."),
    "not-wanted": N_("Somebody asked that it should not be fetched."),
    "not-playable": N_("There is nothing of it that the school's screens play."),
    "source": N_("The lesson could not be fetched; see what is wrong on the page of this box."),
    "not-fetched": N_("It is not here yet."),
}
"""Why a lesson on the timetable is not ready, by `catalog.formats.forecast.Why`."""
