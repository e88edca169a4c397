"""How loud a lesson is made: EBU R 128's measures, with a target for weak loudspeakers in a classroom. Pure."""

from math import floor

TARGET_LUFS = -18.0
"""Louder than R 128's −23 LUFS for broadcasts, whose receivers have power to spare: what AES TD1008 asks of speech for
telephones and small loudspeakers. Podcasts take −16, but a raw lesson seldom gets there without a limiter."""
SLACK_DB = 1.0
"""Nobody hears so little; a lesson within it is left as it is (R 128 allows ±1 LU for live programmes)."""
MOST_PEAK_DBTP = -1.5
"""The highest true peak after the gain. R 128 allows −1 dBTP; coding at low bit rates overshoots by some tenths."""
MOST_GAIN_DB, MOST_CUT_DB = 20.0, 12.0
"""More gain would lift the room's noise more than the voice: a source that needs it has no usable sound."""
SILENT_LUFS = -60.0
"""Quieter sources are silence with some noise; nothing is done to them. R 128's gate itself is at −70 LUFS."""


def gain_for(lufs: float, true_peak_db: float) -> float:
    """Return the gain in dB, down to a tenth, for a lesson of this integrated loudness (LUFS) and true peak (dBTP).

    One gain for the whole lesson, and no limiter, so that nothing is heard but the level: a lesson whose peaks stand
    far above its voice (a bell, a clap) gets as much as its peaks allow, and stays quieter than the target. A
    correction keeps the gain of what it corrects. The gain is applied to decoded samples, before they are cut.
    """
    if not lufs > SILENT_LUFS:  # also for what is not a number: nothing was heard
        return 0.0
    wanted = TARGET_LUFS - lufs
    if abs(wanted) <= SLACK_DB and true_peak_db <= MOST_PEAK_DBTP:
        return 0.0
    bounded = min(wanted, MOST_PEAK_DBTP - true_peak_db, MOST_GAIN_DB)
    return floor(max(bounded, -MOST_CUT_DB) * 10) / 10
