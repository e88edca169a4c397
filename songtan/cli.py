"""The front door: one command for the whole system, which hands over to each program's own command line.

Nothing heavy is imported before it is asked for: on a classroom box only `songtan edge` is installed.
"""

import importlib
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.formats.errors import AppError
from catalog.lifeline import follow_parent
from songtan.errors import PartMissing
from songtan.telling import tell

OWN_PACKAGES = ("api", "workers", "signer", "edge_cache", "catalog", "songtan")

HELP = """
Songtan 送炭: the country's best lessons, playable at the bell in a village classroom.

To see it all at work on this machine: songtan demo. To keep a centre running here: songtan up.
Each program has its own commands: songtan edge --help, songtan api --help, and so on.

Exit codes: 0 done, 1 it failed (the message says why), 2 wrong usage, 3 something needed is not there or not ready.
"""

app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

HAND_OVER = {"allow_extra_args": True, "ignore_unknown_options": True}


def _show_version(asked: bool) -> None:
    if asked:
        print(f"songtan {metadata.version('songtan')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """The options before the command."""


def _load(command: str, module: str, extra: str) -> Any:
    """Import a module of ours; raises `PartMissing` if something that it needs is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        if missing.partition(".")[0] in OWN_PACKAGES and missing != module.partition(".")[0]:
            raise  # a fault of ours, not of the installation
        raise PartMissing(command=command, module=missing, extra=extra) from error


def _hand_over(command: str, module: str, extra: str, words: list[str], name: str = "app") -> None:
    program: Callable[..., Any] = getattr(_load(command, module, extra), name)
    program(args=words, prog_name=f"songtan {command}")


@app.command()
def up() -> None:
    """Start a centre here: database, broker, object store, API, worker and signer; stay up until Ctrl-C.

    State (data, secrets made at random, logs) is kept in the folder SONGTAN_STATE, ./state if unset.
    """
    raise typer.Exit(_load("up", "songtan.stack.up", "server,demo").run())


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Walk the way, check it, print a summary, and end.")] = False,
    lesson: Annotated[
        Path | None, typer.Option(help="A video file of yours instead of the sample lesson.", metavar="PATH")
    ] = None,
) -> None:
    """Walk a lesson from a partner's upload to a classroom screen, and leave it all open to be tried."""
    raise typer.Exit(_load("demo", "songtan.demo.main", "server,demo").run(once=once, lesson=lesson))


@app.command()
def prepare() -> None:
    """Bring the tables up to date and make the buckets; what is there is left alone. `songtan up` does it by itself.

    For installations on engines of their own: run it once before the programs of a new version start.
    """
    _load("prepare", "songtan.preparation", "server").run()


@app.command()
def ready(
    url: Annotated[str, typer.Argument(help="Address to ask, like http://127.0.0.1:8000/readyz.")],
    seconds: Annotated[float, typer.Option(min=0.1, max=60, help="How long to wait for the answer.")] = 3.0,
) -> None:
    """Ask a program whether it is ready: exit code 0 if it is, 3 if not. For health checks."""
    _load("ready", "songtan.readiness", "edge").ask(url, seconds)


@app.command(context_settings=HAND_OVER, add_help_option=False)
def api(context: typer.Context) -> None:
    """The central service: its API, and the partner and ops pages."""
    _hand_over("api", "api.cli", "server", context.args)


@app.command(context_settings=HAND_OVER, add_help_option=False)
def worker(context: typer.Context) -> None:
    """The workers: what turns uploads into packs."""
    _hand_over("worker", "workers.cli", "server", context.args)


@app.command(context_settings=HAND_OVER, add_help_option=False)
def signer(context: typer.Context) -> None:
    """The signer: holds the keys that the API does not."""
    _hand_over("signer", "signer.cli", "server", context.args)


@app.command(context_settings=HAND_OVER, add_help_option=False)
def edge(context: typer.Context) -> None:
    """The classroom box: enrol, fetch, verify, serve."""
    _hand_over("edge", "edge_cache.cli", "edge", context.args)


@app.command(context_settings=HAND_OVER, add_help_option=False)
def partner(context: typer.Context) -> None:
    """For partners: upload lessons, watch their jobs, publish."""
    _hand_over("partner", "songtan.clients.partner_cli", "edge", context.args)


@app.command(context_settings=HAND_OVER, add_help_option=False)
def ops(context: typer.Context) -> None:
    """For operations: accounts, sites, nodes, enrolment codes."""
    _hand_over("ops", "songtan.clients.ops_cli", "edge", context.args)


def main() -> None:
    """What the console script runs: an `AppError` becomes a message and an exit code, never a traceback."""
    follow_parent()
    try:
        app()
    except AppError as error:
        sys.exit(tell(error))


if __name__ == "__main__":
    main()
