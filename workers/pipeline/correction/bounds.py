"""The bound under which pictures and sound count as unchanged: stated here and nowhere else."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far the new source may lie outside of what the old one holds around that time.

    Brightness and colour are in steps of 8 bits (limited range), sound in dB. A *fine* cell is the mean of 4×4 pixels of
    1280×720 (16×16 for colour), read `sampling.FINE_RATE` times a second. It differs if in so many samples in a row it
    lies outside by more than `fine_still` + an edge share × its contrast, which is the range of the old source in the
    5×5 cells around it: what encoders leave out grows with edges, and is brought later. A *coarse* cell is the mean of
    16×16 pixels and differs if it does so in any one frame. The sound differs if the mean over bands of what its levels
    differ by, over `sound_window` hundredths of a second, is above `sound`.
    """

    fine_still: float = 4.0
    edge_briefly: float = 0.09
    fine_briefly: int = 3
    edge_long: float = 0.05
    fine_long: int = 8
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
