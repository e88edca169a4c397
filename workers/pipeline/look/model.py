"""What a look finds. Times are seconds from the zero of the source (`Facts.start`)."""

from collections.abc import Iterable
from enum import StrEnum

from workers.pipeline.probe import Frozen
from workers.pipeline.recipe import Crop


class Kind(StrEnum):
    """What a stretch of pictures shows. Film and cameras are the same to us; MIXED is slides with a moving inset."""

    SLIDES = "slides"
    SCREEN = "screen"
    BOARD = "board"
    CAMERA = "camera"
    MIXED = "mixed"


class Box(Frozen):
    """A rectangle as shares of the upright picture, each 0–1: left and top edge, width and height."""

    left: float
    top: float
    width: float
    height: float


class Change(Frozen):
    """A moment when the picture becomes another one and stays: the first frame that shows the new picture.

    `share` (0–1) is how much of the picture differs. `new_slide` is False where the picture was only added to, as when
    a slide builds up or something is written; a cut between camera scenes counts as a new slide.
    """

    at: float
    new_slide: bool
    share: float


class Scene(Frozen):
    """A stretch of one kind. `motion` is the mean change of luma from frame to frame, in levels of 255.

    `box` is the part that moves, where this is a rectangle that stays in its place.
    """

    start: float
    end: float
    kind: Kind
    motion: float
    box: Box | None = None


class PictureLook(Frozen):
    """The pictures of a source.

    `scenes` cover the whole duration without gaps. `grain` is the standard deviation of the noise in time, in luma
    levels, where nothing moves. `letterbox` is what is left without stable black bars. `activity` is the mean change
    of luma in each second of content, in levels a frame; `still_share` the share (0–1) of frames in which nothing
    changed. `source_bits_per_s` is what the source spends on pictures: no rendition needs more.
    """

    scenes: tuple[Scene, ...]
    changes: tuple[Change, ...]
    grain: float
    letterbox: Crop | None
    activity: tuple[float, ...]
    still_share: float
    source_bits_per_s: int

    @property
    def dominant_kind(self) -> Kind:
        """The kind that most of the time has; at a tie the one seen first."""
        return _most(self.scenes)

    @property
    def change_times(self) -> tuple[float, ...]:
        """When the picture changes, new slides and build-ups alike."""
        return tuple(change.at for change in self.changes)


class SoundLook(Frozen):
    """The sound of a source.

    `lufs` and `range_lu` are integrated loudness and loudness range after EBU R128 (Tech 3341, 3342), mono counted as
    it is heard from two loudspeakers; `lufs` is -70 where nothing is loud enough to be counted. `true_peak_db` is in
    dBTP (-120 for digital silence). `silences` are stretches of (start, end). `is_mono`: nothing is lost when both
    channels are made one. `band_hz`: nothing is heard above. `quiet_points`: the quietest moment in each second.
    """

    lufs: float
    true_peak_db: float
    range_lu: float
    silences: tuple[tuple[float, float], ...]
    is_mono: bool
    band_hz: int
    quiet_points: tuple[float, ...]
    source_bits_per_s: int


class Look(Frozen):
    """All that was seen and heard; None for what the source does not have."""

    pictures: PictureLook | None
    sound: SoundLook | None

    @property
    def dominant_kind(self) -> Kind | None:
        """The kind that most of the pictures have, or None without pictures."""
        return self.pictures.dominant_kind if self.pictures else None


def _most(scenes: Iterable[Scene]) -> Kind:
    seconds: dict[Kind, float] = {}
    for scene in scenes:
        seconds[scene.kind] = seconds.get(scene.kind, 0.0) + scene.end - scene.start
    return max(seconds, key=lambda kind: seconds[kind])
