"""The form by which ops say how a node may use the school's line and disk."""

from collections.abc import Mapping
from typing import Any

from api.web.desk import Faults, Fields
from catalog.formats.errors import N_
from catalog.formats.protocol import Policy
from catalog.look.language import Language, translate, translate_error
from catalog.nodes.errors import WindowWrong
from catalog.nodes.windows import read_windows, window_words

MEGA, GIGA = 1_000_000, 1_000_000_000
NUMBERS = {
    "rate_limit_bits_per_s": MEGA,
    "monthly_bytes": GIGA,
    "disk_reserve_bytes": GIGA,
    "disk_quota_bytes": GIGA,
}
"""The fields that are numbers, and the unit in which people write each."""
LEAST_RATE = 8_000
SPARING = 0.001
THRIFTS = {
    "0": N_("All that is assigned, in idle hours"),
    str(SPARING): N_("Only what classes use, or will likely use"),
}
NO_NUMBER = N_("Write a number, for example 2 or 0.5.")
TOO_SLOW = N_("Less than 0.008 Mbit/s brings nothing. To stop the node, pause it on its page.")


def form_of(policy: Policy) -> Fields:
    """Return a policy as its form shows it."""
    numbers = {name: _words(getattr(policy, name), unit) for name, unit in NUMBERS.items()}
    return Fields(
        **numbers,
        windows="\n".join(map(window_words, policy.windows)),
        gives_way="1" if policy.gives_way else "",
        idle_line_whole="1" if policy.idle_line_whole else "",
        thrift=f"{policy.thrift:g}",
    )


def thrift_choices(policy: Policy, language: Language) -> list[tuple[str, str]]:
    """Return what a node may fetch, to choose from; a thrift that somebody set by the API is one more."""
    known = {value: translate(words, language) for value, words in THRIFTS.items()}
    return list({f"{policy.thrift:g}": f"{policy.thrift:g}", **known}.items())


def _words(value: int | None, unit: int) -> str:
    return "" if value is None else f"{value / unit:.3f}".rstrip("0").rstrip(".")


def read_form(typed: Mapping[str, str], before: Policy, language: Language) -> tuple[Policy, Faults]:
    """Return the policy that a form says, and what is wrong in it; what is left as it was shown stays exactly."""
    shown, faults, said = form_of(before), Faults(), dict[str, Any]()
    for name, unit in NUMBERS.items():
        text = typed.get(name, "").strip()
        if text != shown[name]:
            said[name] = _number(text, unit)
            if said[name] is None and (text or name == "disk_reserve_bytes"):
                faults[name] = translate(NO_NUMBER, language)
    rate = said.get("rate_limit_bits_per_s")
    if rate is not None and rate < LEAST_RATE:
        faults["rate_limit_bits_per_s"] = translate(TOO_SLOW, language)
    try:
        said["windows"] = read_windows(typed.get("windows", ""))
    except WindowWrong as error:
        faults["windows"] = translate_error(error, language)
    said |= {name: typed.get(name) == "1" for name in ("gives_way", "idle_line_whole")}
    if typed.get("thrift") in THRIFTS:
        said["thrift"] = float(typed["thrift"])
    return (before if faults else Policy.model_validate(before.model_dump() | said)), faults


def _number(text: str, unit: int) -> int | None:
    """Return what was typed in its unit; None where that is nothing, or no number that a policy can hold."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return round(value * unit) if 0 <= value < GIGA else None
