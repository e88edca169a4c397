"""What sound is told to be: silence, quiet moments, one channel or two, and how high it reaches."""

import numpy as np
import pytest

from workers.pipeline.look import sound
from workers.pipeline.recipe import SAMPLE_RATE

RNG = np.random.default_rng(1)


def tone(hertz: float, seconds: float, level: float = 0.3) -> sound.Levels:
    wave: sound.Levels = (
        level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)
    ).astype(np.float32)
    return wave


def samples(*channels: sound.Levels) -> sound.Samples:
    return (np.stack(channels, axis=1) * 32767).astype(np.int16)


def features(*channels: sound.Levels) -> sound.PieceFeatures:
    return sound.piece_features(samples(*channels))


def test_loudness_is_the_last_of_each_value_that_was_said() -> None:
    lines = [
        "frame:0 pts:0",
        "lavfi.r128.I=-70.000",
        "lavfi.r128.LRA=0.000",
        "lavfi.r128.I=-23.4",
        "lavfi.r128.LRA=5.1",
    ]
    lines += ["lavfi.r128.true_peaks_ch0=0.5", "lavfi.r128.true_peaks_ch1=0.25", "lavfi.r128.S=oops"]
    assert sound.read_loudness(lines) == sound.Loudness(-23.4, 5.1, -6.02)
    assert sound.read_loudness([]) == sound.Loudness(-70.0, 0.0, -120.0)
    assert sound.read_loudness(["lavfi.r128.I=nan"]).lufs == -70.0


@pytest.mark.parametrize(
    ("left", "right", "mono"),
    [
        (tone(440, 1), tone(440, 1), True),
        (tone(440, 1), tone(440, 1, 0.27), True),  # 1 dB of mismatch
        (tone(440, 1), tone(440, 1, 0.001), True),  # a microphone on one side
        (tone(440, 1), tone(660, 1), False),
        (tone(440, 1), -tone(440, 1), False),  # one channel turned round: their sum is silence
        (tone(440, 1), tone(440, 1, 0.15), False),
    ],
)
def test_whether_stereo_is_stereo(left: sound.Levels, right: sound.Levels, mono: bool) -> None:
    assert sound.is_mono([features(left, right)]) is mono


def test_silence_is_mono_and_has_no_band() -> None:
    nothing = features(np.zeros(48_000, np.float32), np.zeros(48_000, np.float32))
    assert sound.is_mono([nothing])
    assert sound.band_of([nothing]) == 0
    assert sound.band_of([]) == 0


@pytest.mark.parametrize("top", [3000, 7000, 15_000])
def test_the_band_ends_where_the_sound_does(top: int) -> None:
    noise = RNG.normal(0, 0.1, 2 * SAMPLE_RATE)
    spectrum = np.fft.rfft(noise)
    spectrum[np.fft.rfftfreq(len(noise), 1 / SAMPLE_RATE) > top] = 0
    heard = np.fft.irfft(spectrum).astype(np.float32)
    assert abs(sound.band_of([features(heard)]) - top) <= 500


def test_silences_and_quiet_points() -> None:
    spoken = tone(300, 2)
    room = RNG.normal(0, 0.0005, SAMPLE_RATE).astype(np.float32)  # -66 dBFS
    levels = sound.all_levels([features(np.concatenate([spoken, room, spoken]))], 6.0)
    (first, second) = sound.find_silences(levels, -20.0)
    assert first == pytest.approx((2.0, 3.0), abs=0.05)
    assert second == pytest.approx((5.0, 6.0), abs=0.05)  # the sound ends a second before the lesson
    points = sound.find_quiet_points(levels)
    assert len(points) == 6
    assert all(second <= point <= second + 1 for second, point in enumerate(points))


def test_the_quiet_point_is_the_pause() -> None:
    wave = tone(300, 1)
    wave[round(0.70 * SAMPLE_RATE) : round(0.76 * SAMPLE_RATE)] = 0
    (point,) = sound.find_quiet_points(sound.all_levels([features(wave)], 1.0))
    assert 0.70 <= point <= 0.76


def test_a_short_pause_is_no_silence_and_a_quiet_voice_none_either() -> None:
    wave = tone(300, 2)
    wave[SAMPLE_RATE : SAMPLE_RATE + SAMPLE_RATE // 4] = 0
    assert sound.find_silences(sound.all_levels([features(wave)], 2.0), -20.0) == ()
    quiet = sound.all_levels([features(tone(300, 2, 0.003))], 2.0)
    assert sound.find_silences(quiet, -53.0) == ()
