"""How a coded voice is scored, which bits are enough, and how loud a lesson is made."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.pipeline.gates.loudness import MOST_CUT_DB, MOST_GAIN_DB, MOST_PEAK_DBTP, TARGET_LUFS, gain_for
from workers.pipeline.gates.speech import (
    AIM_DEFICIT,
    MOST_DEFICIT,
    aligned,
    deficit,
    is_voice,
    mean_deficit,
    score_speech,
)

RATE = 16_000


def babble(seconds: float = 2.0, seed: int = 1) -> npt.NDArray[np.float64]:
    """Noise in syllables: what ESTOI takes for a voice."""
    rng = np.random.default_rng(seed)
    size = int(seconds * RATE)
    syllables = np.repeat(rng.uniform(0.05, 1, size // 1000 + 1), 1000)[:size]
    return np.asarray(rng.normal(0, 0.2, size) * syllables, dtype=np.float64)


def test_an_equal_voice_scores_one_and_a_noisy_one_less() -> None:
    voice = babble()
    noise = np.random.default_rng(2).normal(0, 0.05, voice.size)
    assert score_speech(voice, voice, RATE) == 1.0
    a_little, much = score_speech(voice, voice + noise / 10, RATE), score_speech(voice, voice + noise * 4, RATE)
    assert a_little is not None
    assert much is not None
    assert 0.9 < a_little < 1.0
    assert much < 0.5


@pytest.mark.parametrize("delay", [312, -200, 2048])
def test_a_delay_of_a_codec_is_taken_out(delay: int) -> None:
    voice = babble()
    moved = np.concatenate([np.zeros(delay), voice]) if delay > 0 else voice[-delay:]
    assert score_speech(voice, moved, RATE) == 1.0
    wanted, heard = aligned(voice, moved, RATE)
    assert wanted.shape == heard.shape
    assert np.array_equal(wanted, heard)


def test_samples_of_16_bits_are_the_same_voice() -> None:
    voice = babble()
    assert score_speech(voice, np.asarray(voice * 32_767, dtype=np.int16), RATE) == pytest.approx(1.0, abs=1e-3)


def test_where_nobody_speaks_there_is_no_score() -> None:
    silence = np.zeros(2 * RATE)
    faint = np.random.default_rng(3).normal(0, 1e-4, 2 * RATE)
    click = silence.copy()
    click[5000:5400] = 0.9
    for samples in (silence, faint, click, babble(0.3), np.zeros(0)):
        assert score_speech(samples, samples, RATE) is None
    with pytest.raises(ValueError, match="one channel"):
        score_speech(np.zeros((2, RATE)), np.zeros((2, RATE)), RATE)


@given(st.integers(-3000, 3000), st.integers(0, 99))
def test_alignment_keeps_one_length_whatever_comes(delay: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.normal(size=6000), rng.normal(size=6000 + abs(delay))
    wanted, heard = aligned(one, other, RATE)
    assert wanted.size == heard.size <= 6000


def test_the_same_bits_are_clear_in_a_studio_and_in_a_hall() -> None:
    """The figures of the two at 14, 16 and 18 kbit/s of Opus, beside their anchors: ESTOI itself differs by far."""
    studio = [((0.976, 0.995), (0.971, 0.994)), ((0.980, 0.995), (0.979, 0.994)), ((0.985, 0.995), (0.983, 0.994))]
    hall = [((0.945, 0.988), (0.941, 0.989)), ((0.954, 0.988), (0.957, 0.989)), ((0.962, 0.988), (0.965, 0.989))]
    for voice in (studio, hall):
        assert [mean_deficit(windows) <= AIM_DEFICIT["opus"] for windows in voice] == [False, True, True]
    deficits = [mean_deficit([(score, 0.992)]) for score in (0.969, 0.978, 0.985)]
    assert [found <= AIM_DEFICIT["aac"] for found in deficits] == [False, False, True]
    with pytest.raises(ValueError, match="nobody"):
        mean_deficit([])


def test_the_gate_asks_a_little_less_than_the_choice_aims_at() -> None:
    missed = {"opus": 5.02, "aac": 2.65}
    assert all(AIM_DEFICIT[codec] < MOST_DEFICIT[codec] < missed[codec] for codec in AIM_DEFICIT)


def test_tones_and_noises_are_no_voice() -> None:
    assert is_voice([None, 0.996])
    assert not is_voice([0.95])
    assert not is_voice([None])
    assert not is_voice([])


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_deficit_is_never_negative_nor_endless(score: float, anchor: float) -> None:
    assert 0 <= deficit(score, anchor) <= 500


@pytest.mark.parametrize(
    ("lufs", "peak", "gain"),
    [
        (-23.0, -8.0, 5.0),
        (-23.0, -3.0, 1.5),  # a clap stands above the voice: no more than it allows
        (-18.6, -4.0, 0.0),  # nobody hears so little
        (-18.6, -0.5, -1.0),  # but a peak is brought down
        (-10.0, 0.0, -8.0),
        (-50.0, -30.0, 20.0),
        (-70.0, -60.0, 0.0),
        (float("-inf"), float("-inf"), 0.0),
        (float("nan"), -3.0, 0.0),
    ],
)
def test_a_gain_by_loudness_and_peak(lufs: float, peak: float, gain: float) -> None:
    assert gain_for(lufs, peak) == pytest.approx(gain)


@given(st.floats(-59, 0), st.floats(-40, 3))
def test_a_gain_is_bounded_and_keeps_peaks_and_target(lufs: float, peak: float) -> None:
    gain = gain_for(lufs, peak)
    assert -MOST_CUT_DB <= gain <= MOST_GAIN_DB
    assert gain in {0.0, -MOST_CUT_DB} or lufs + gain <= TARGET_LUFS + 1e-6
    assert gain == -MOST_CUT_DB or peak + gain <= MOST_PEAK_DBTP + 1e-6
