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
