"""The bound under which pictures and sound count as unchanged: stated here and nowhere else.

Measured on 720p lectures (slides, and slides with a noisy talking head, 120 s; a board with grain, 24 s), lossless,
and exported by x264 at crf 18, 23 and 28 and at 1.2 Mbit/s, and as MPEG-4 (q 4), with AAC and MP3 sound:

- coarse cells differ by 1 (median) to 4, in any frame, and at crf 28 by up to 6. A pointer of 15×22 pixels that is
  moved differs by 30 where it falls on four cells, as a rule by 68.
- fine cells differ by 2 to 3 (median of the largest of all cells) where nothing moved, and by up to 13 where text was
  just revealed, beside a contrast of 154. At crf 28 the largest reached 0.9 of the bound, at crf 23 0.96.
  One character for another differs by 23 and more in ordinary pairs (3 and 8, 5 and 6) of 18 pixel grey text, by 24 and
  more in the pairs most alike (未 and 末, 天 and 夭) of 30 pixel black text. Those pairs in grey 18 pixels differ by 8
  to 13 beside a contrast of about 80, and are seen in most places where they stand for two seconds.
- sound differs by 0.1 dB (99th percentile) to 0.25 dB, once by 1.04 dB at the end of a file. 0.3 s of
  other speech differ by 9 dB as a rule, and by less than 1.5 in one case of 250, where both are pauses.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far the new source may lie outside of what the old one holds around that time.

    Brightness and colour are in steps of 8 bits (limited range), sound in dB. A *fine* cell is the mean of 4×4 pixels
    of 1280×720 (16×16 for colour), read four times a second. It differs if in so many samples in a row it lies outside
    by more than `fine_still` + an edge share × its contrast, which is the range of the old source in the 5×5 cells
    around it: what encoders leave out grows with edges, and is brought later. A *coarse* cell is the mean of 16×16
    pixels and differs if it does so in any one frame. The sound differs if the mean over bands of what its levels
    differ by, over `sound_window` hundredths of a second, is above `sound`.
    """

    fine_still: float = 4.0
    edge_briefly: float = 0.09
    fine_briefly: int = 3
    edge_long: float = 0.05
    fine_long: int = 8
    moving_from: int = 1
    moving: int = 8
    """Where a coarse cell of the old source moves by more than `moving_from` between two fine samples, its fine cells
    may differ by `moving` times the rest: what moves there no fine sample shows, and nobody reads."""
    coarse: int = 12
    sound: float = 1.5
    slack_frames: int = 1
    """Frames may come one early or late: timestamps are rounded, and editors round again."""
    slack_levels: int = 1
    """Sound may come a hundredth of a second early or late beside the constant lag of its encoder."""
    sound_window: int = 20
    hearing_db: float = 45.0
    """So far under the loud parts of the lesson nothing is heard that was said."""
    least_db_under_zero: float = 75.0
    """Sound under this, in dB of full scale, is silence in any lesson."""


BOUNDS = Bounds()
