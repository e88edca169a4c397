"""What all commands of a node share: exit codes, how errors are told, how the node is opened."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from catalog.formats.errors import AppError
from catalog.look.language import spoken_language, translate_error
from edge_cache.logs import start_logs
from edge_cache.node import Node
from edge_cache.settings import EdgeSettings

FAILED, WRONG_USE, IN_PART, DAMAGED = 1, 2, 3, 4
console = Console(markup=False, emoji=False)  # names as they are, whatever brackets they have
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def with_node(work: Callable[[Node], Any]) -> None:
    """Open the node, do `work` in an event loop, and exit with what it returns."""

    async def run() -> int:
        settings = EdgeSettings()
        start_logs("error" if settings.log_level == "info" else settings.log_level, as_json=False)
        with Node(settings) as node:
            try:
                return int(await work(node))
            finally:
                await node.close_client()

    finish(lambda: asyncio.run(run()))


def finish(run: Callable[[], int]) -> None:
    """Exit with what `run` returns; an error that a person can act on is told, not thrown."""
    try:
        code = run()
    except AppError as error:
        typer.echo(f"{translate_error(error, spoken_language())} [{error.code}]", err=True)
        code = FAILED
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            name = f"SONGTAN_EDGE_{'_'.join(map(str, fault['loc']))}".upper()
            typer.echo(f"{name}: {fault['msg']}. Correct the setting and try again.", err=True)
        code = WRONG_USE
    raise typer.Exit(code)
