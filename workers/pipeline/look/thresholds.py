"""Every number that decides in a look, what it means, and on what it was set.

"The made lectures" are slides, slides with an inset and a blackboard, 720p25, lossless, and encoded by x264 veryfast at
CRF 28; "the clips" are ten real ones of 4–60 s: captured slides, film, camera, speech, all lossy and small. There is no
real blackboard among them. Levels are of 8-bit luma, limited range, after the mean over a small frame's cell (8×8 at
720p). A margin in brackets says how far away the nearest wrong answer was.
"""

from fractions import Fraction

FASTEST_SAMPLING = Fraction(25, 2)
"""Small frames a second at most: a change is known to 80 ms, less than anyone notices at a key frame."""
LONG_SIDE = 160
"""Pixels of a small frame's longer side: a line of text on a slide is still two or three of them high."""
MOST_PAIRS, FEWEST_PAIRS, PAIR_BYTES, PAIR_EVERY_S = 96, 6, 192 << 20, 2.0
"""Pairs of whole frames, at least so many seconds apart: enough to look at each two minutes of a long lesson (at 720p
each half minute), and never much more than so many bytes on disk."""

WINDOW_S = 5.0
"""Kinds are told for windows of so many seconds: a gesture or a pointer's way lasts 1–3 s."""

# --- what changes in small frames ---
CHANGED = 10
"""A cell has changed if its luma differs by more levels. Text that appears changes its cells by 20–80, grain of sigma 3
by 0.4, and what x264 at CRF 28 does to still parts by up to 5."""
STILL = 3
"""A cell that differs by no more stands still."""
FLICKER = 24
"""A whole picture that becomes lighter or darker by up to so many levels (a lamp, a camera's exposure) has not
changed for it: the median difference is taken off first."""
MOVING_SLOTS, SLOTS = 3, 5
"""A cell moves if it differs by more than MOVING in that many of a window's fifths. A pointer passes in one or two,
a fade of up to two seconds touches two; a talking head moves in all."""
MOVING = 5
"""Levels; a lossy inset of 240×180 at CRF 28 changes most of its cells by more, several times in five seconds."""
STILL_SHARE = 0.0005
"""A frame in which fewer cells changed than this share (7 of 14,400) is still: a blinking cursor is not seen."""

# --- changes ---
LEAST_CHANGE = 0.0035
"""The share of the picture that has to become different for good: 50 of 14,400 cells. A pointer that jumps changes at
most 24 of them, a line of text 130–300."""
GAP_S = 0.2
"""Frames that change, with less than this between them, are one event."""
SETTLE_S = 0.4
"""A change is measured so long after its last frame, when encoders have finished drawing it."""
LONGEST_EVENT_S = 3.0
"""A fade takes less. What changes for longer is motion, and only cuts are found in it."""
ARRIVED = 0.2
"""The new picture stands as soon as no more than this share of its change is missing."""
LOST = 0.3
"""A new slide has other luma on this share of the old one's edges: made ones 0.43–0.53, the clips' 0.46–1.0; build-ups
0.00–0.04, one that takes its lines away again 0.27."""
WHOLE_CHANGE = 0.5
"""Whatever its edges say, more of the picture than this does not change in a slide that stays."""
CUT_SHARE, CUT_RATIO = 0.3, 2.5
"""A cut in moving pictures changes that share of the cells at once, and luma so many times more than its neighbours
within half a second do in the median."""
COARSE = 8
"""A cut changes the means of squares of so many cells, a camera that turns by jerks (two clips) does not."""
BOARD_CHANGE = 0.5
"""Before a board only a change of that share of squares counts: people step in front of it."""
BLACK = 26
"""A picture whose 98th percentile of luma is lower is black."""

# --- kinds ---
GROUND_LEVELS, GROUND_SHARE = 3, 0.38
"""The ground of a picture is the cells that differ by no more levels from the most common one; slides, screens and
boards have so much of it. Slides and clips of slides had 0.43–0.98, film and cameras 0.06–0.32."""
FIELD_LEVELS, FIELD_SHARE = 16, 0.6
"""A board unevenly lit: that share of cells within so many levels of the most common one."""
NOISY = 0.2
"""Differences of one to STILL levels in that share of still cells are a camera's noise: the lossless board and the same
at CRF 20 had 0.31–0.35, clips of slides 0.00–0.10."""
SHARP, SHARP_SHARE = 34, 0.03
"""A whole picture is sharp if that share of its pixels differs from the left neighbour by more than so many levels:
captured slides of the clips 0.040–0.065, the made slides 0.009–0.026, the board 0.000–0.014, film and cameras
0.000–0.007 (a talking head of 176×144: 0.038, but it has no ground)."""
NEIGHBOURS = 5
"""A moving cell counts if so many of the nine around it, itself one, move."""
MOVER = 0.0012
"""Something moves in a picture if that share of its cells does, beside its pointer: an inset of a twentieth of the
picture 0.009–0.013, the teacher at the board 0.0016–0.007, slides 0.0000."""
BUSY = 1.2
"""A screen is worked on if in fifteen seconds so many frames a second bring something new: a slide that builds up every
four seconds has 0.2–0.3, one that fades in for a second 0.8."""
STEADY, FILL, LARGEST_INSET = 0.5, 0.3, 0.35
"""An inset moves in the same rectangle (intersection by union) ten seconds later, as far as is known (insets 0.7–0.9,
the teacher 0.0–0.1); in a clip of one window it fills its rectangle so far. What moves in it takes no more than that
share of the picture: more is a screen that is scrolled."""
BOARD_MOVER = 0.08
"""Before a board moves no more than that: a camera that turns, or a film, moves 0.11–1.0 of its cells."""
STILL_MOTION = 0.6
"""A photograph on a slide has less motion, in levels a frame."""
SWITCH = 0.8
"""What a switch of kind costs, where 1 is a window against its own evidence."""
TRIM = 5
"""Percent of the moving cells at each side that do not decide about their rectangle: a pointer that circles."""
OFTEN, REACH, STRAIGHT_EDGE = 0.25, 0.75, 12.0
"""An inset is where cells move in that share of windows, out to a straight edge of so many levels, at most that share
of its own width or height away."""

# --- whole pictures ---
NOISE_MEAN, NOISE_FROM, NOISE_TO, NOISE_SHARE, NOISE_QUANTILE = 1.0, 24, 225, 0.02, 0.35
"""Noise is measured in 8×8 blocks whose mean stays within so many levels and lies between those (outside, noise is cut
off), if that share of all blocks is such; of these the quantile: below the median, because some of them do move."""
LEAST_BAR, BAR_UNLIKE, BAR_EDGE, BAR_PERCENTILE = 0.015, 0.02, 0.5, 99
"""A black bar is at least so high, as a share of the picture; both bars are alike to that share; the line beside it is
bright, at one time or other, along that share of its length. A line is as bright as this percentile of it."""

# --- sound ---
LEVEL_S = 0.01
"""Sound levels are taken for each hundredth of a second and smoothed over five of them."""
SILENCE_BELOW_LOUDNESS, QUIETEST_SPEECH_DB, LOUDEST_SILENCE_DB, LEAST_SILENCE_S = 30.0, -65.0, -45.0, 0.5
"""Silence is so far below the integrated loudness, but within these levels (dBFS), for so long: room noise behind a
voice lies 35–60 dB below it, the ends of words 10–25."""
SIDE_DB, ONE_SIDED_DB = -24.0, -40.0
"""Stereo whose side (L-R) is so far below its mid (L+R) is mono: 1 dB of mismatch between channels gives -25, lossy
joint stereo -30 and less. So is sound whose weaker channel is so far below the stronger: a microphone on one side."""
SPECTRUM, BAND_STEP_HZ, BAND_DB, BAND_LOUD = 2048, 250, -60.0, 95
"""The band is found in spectra of so many samples, in steps of so many Hz: the highest step whose level (this
percentile over each ten seconds) is not further below that of the strongest. A 48 kHz voice reached 16.75 kHz, AAC at
128 kbit/s 16, the clips at 21 and 4 kbit/s 3.25 and 2.75, where their levels drop from -45 to -110 dB."""
SOUND_CHUNK_S = 10
"""Sound is read in pieces of so many seconds."""
