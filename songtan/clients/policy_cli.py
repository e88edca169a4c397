"""`songtan ops node policy`: how a node may use the school's line and disk."""

from typing import Annotated, Any

import typer

from catalog.formats.errors import AppError
from catalog.formats.protocol import Window
from catalog.formats.rungs import Tier
from catalog.nodes.windows import read_window, window_words
from songtan.clients.terminal import Json, out, print_json, signed_in

MEGA, GIGA = 1e6, 1e9
THRIFT_HELP = "Least worth of a million bytes: 0 fetches all that is assigned, 0.001 what classes will likely need."


def policy(
    node: Annotated[str, typer.Argument(help="The node's id.", metavar="NODE")],
    rate_mbit: Annotated[float | None, typer.Option(min=0, help="Mbit/s at most; 0 for no cap.")] = None,
    window: Annotated[
        list[str] | None,
        typer.Option(help='Hours in which it may fetch, again for each: "22:00-06:00", "1-5 12:00-14:00".'),
    ] = None,
    any_time: Annotated[bool, typer.Option("--any-time", help="It may fetch at any time.")] = False,
    gives_way: Annotated[
        bool | None, typer.Option("--gives-way/--no-gives-way", help="Leave the line when others use it.")
    ] = None,
    idle_line_whole: Annotated[
        bool | None, typer.Option("--idle-line-whole/--no-idle-line-whole", help="No cap while nobody else uses it.")
    ] = None,
    monthly_gb: Annotated[
        float | None, typer.Option(min=0, help="GB that a metered line may bring in a month; 0 for not metered.")
    ] = None,
    thrift: Annotated[float | None, typer.Option(min=0, max=1, help=THRIFT_HELP)] = None,
    quota_gb: Annotated[float | None, typer.Option(min=0, help="GB of lessons at most; 0 for no quota.")] = None,
    reserve_gb: Annotated[float | None, typer.Option(min=0, help="GB that stay free on its disk.")] = None,
    tier: Annotated[list[Tier] | None, typer.Option(help="What its screens play; again for both.")] = None,
    as_json: Json = False,
) -> None:
    """Show or change how a node may use line and disk. What is not said stays; it hears with its next direction."""
    said: dict[str, Any] = {
        "rate_limit_bits_per_s": _scaled(rate_mbit, MEGA),
        "monthly_bytes": _scaled(monthly_gb, GIGA),
        "disk_quota_bytes": _scaled(quota_gb, GIGA),
        "disk_reserve_bytes": _scaled(reserve_gb, GIGA),
        "windows": [_window(text) for text in window or ()] if window or any_time else None,
        "gives_way": gives_way,
        "idle_line_whole": idle_line_whole,
        "thrift": thrift,
        "tiers": tier,
    }
    changes = {name: value for name, value in said.items() if value is not None}
    changes |= {name: None for name, given in _endless(rate_mbit, monthly_gb, quota_gb).items() if given == 0}
    with signed_in("ops") as centre:
        found = centre.get(f"/api/nodes/{node}")["policy"]
        if changes:
            found = centre.put(f"/api/nodes/{node}/policy", found | changes)["policy"]
    print_json(found) if as_json else _tell(found)


def _endless(rate: float | None, monthly: float | None, quota: float | None) -> dict[str, float | None]:
    """Return the fields of which 0 says that there is no bound."""
    return {"rate_limit_bits_per_s": rate, "monthly_bytes": monthly, "disk_quota_bytes": quota}


def _scaled(value: float | None, unit: float) -> int | None:
    return None if value is None else round(value * unit)


def _window(text: str) -> dict[str, Any]:
    try:
        return read_window(text).model_dump(mode="json")
    except AppError as error:
        raise typer.BadParameter(str(error)) from error


def _tell(policy: dict[str, Any]) -> None:
    for name, value in policy.items():
        if name == "windows":
            value = ", ".join(window_words(Window.model_validate(one)) for one in value) or "at any time"
        elif name == "tiers":
            value = ", ".join(value)
        out.print(f"{name}: {'none' if value is None else value}", highlight=False)
