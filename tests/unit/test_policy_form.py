"""How ops write a policy: hours in lines, numbers in their units; what is not touched stays to the byte."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.web.ops.policy_form import form_of, read_form
from catalog.formats.protocol import Policy, Window
from catalog.look.language import DEFAULT_LANGUAGE
from catalog.nodes.errors import WindowWrong
from catalog.nodes.windows import read_window, read_windows, window_words

minutes = st.integers(0, 1439)
windows = st.builds(
    Window, start=minutes, end=minutes, days=st.sets(st.integers(0, 6), max_size=6).map(sorted).map(tuple)
)
policies = st.builds(
    Policy,
    rate_limit_bits_per_s=st.none() | st.integers(8_000, 10**10),
    windows=st.lists(windows, max_size=3).map(tuple),
    gives_way=st.booleans(),
    idle_line_whole=st.booleans(),
    monthly_bytes=st.none() | st.integers(0, 10**13),
    thrift=st.sampled_from([0.0, 0.001, 0.00113]),
    disk_reserve_bytes=st.integers(0, 10**13),
    disk_quota_bytes=st.none() | st.integers(0, 10**13),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22:00-06:00", Window(start=1320, end=360)),
        ("  1-5   8:00 - 12:30 ", Window(start=480, end=750, days=(0, 1, 2, 3, 4))),
        ("fri-mon 00:00-24:00", Window(start=0, end=0, days=(0, 4, 5, 6))),
        ("周六、周日 12：00至14：00", Window(start=720, end=840, days=(5, 6))),
        ("Sat,sun 12:00–14:00", Window(start=720, end=840, days=(5, 6))),
        ("星期一到星期日 1:00-2:00", Window(start=60, end=120)),
    ],
)
def test_hours_are_understood_as_people_write_them(text: str, expected: Window) -> None:
    assert read_window(text) == expected


@pytest.mark.parametrize(
    "text", ["", "night", "22-6", "25:00-06:00", "22:60-06:00", "8-9 22:00-06:00", "1-2-3 1:00-2:00"]
)
def test_what_names_no_hours_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(WindowWrong, match="22:00-06:00"):
        read_window(text)


@given(st.lists(windows, max_size=4))
@settings(deadline=None)
def test_hours_that_are_shown_are_read_as_the_same(some: list[Window]) -> None:
    assert read_windows("\n".join(map(window_words, some))) == tuple(some)


@given(policies)
@settings(deadline=None)
def test_a_form_that_nobody_touched_changes_nothing(policy: Policy) -> None:
    assert read_form(form_of(policy), policy, DEFAULT_LANGUAGE) == (policy, {})


def test_what_is_typed_is_taken_in_its_unit() -> None:
    typed = {
        **form_of(Policy()), "rate_limit_bits_per_s": "2,5", "windows": "22:00-06:00\n\n6-7 00:00-24:00",
        "monthly_bytes": "0.5", "thrift": "0.001", "disk_quota_bytes": "100", "gives_way": "",
    }  # fmt: skip
    policy, faults = read_form(typed, Policy(), DEFAULT_LANGUAGE)
    assert faults == {}
    assert policy == Policy(
        rate_limit_bits_per_s=2_500_000,
        windows=(Window(start=1320, end=360), Window(start=0, end=0, days=(5, 6))),
        gives_way=False,
        monthly_bytes=500_000_000,
        thrift=0.001,
        disk_quota_bytes=100_000_000_000,
    )


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("rate_limit_bits_per_s", "fast"),
        ("rate_limit_bits_per_s", "0"),
        ("rate_limit_bits_per_s", "-1"),
        ("monthly_bytes", "nan"),
        ("disk_quota_bytes", "1e99"),
        ("disk_reserve_bytes", ""),
        ("windows", "at night"),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field_and_changes_nothing(field: str, text: str) -> None:
    policy, faults = read_form({**form_of(Policy()), field: text}, Policy(), DEFAULT_LANGUAGE)
    assert (policy, list(faults)) == (Policy(), [field])
