"""`songtan up`: a centre on this machine that stays until Ctrl-C."""

import sys

from rich.console import Console
from rich.table import Table

from catalog.settings import load
from catalog.telemetry import configure_logging
from songtan.settings import StackSettings
from songtan.stack.centre import OPS_LOGIN, LocalCentre
from songtan.stack.guard import guarded
from songtan.stack.state import State


def run() -> int:
    """Start, stay up, stop; returns the exit code. Raises `AppError`s of what cannot be started."""
    settings = load(StackSettings)
    state = State.open(settings.state)
    state.lock()
    return guarded(lambda: stay_up(settings, state))


def stay_up(settings: StackSettings, state: State) -> int:
    """The work of the guarded half."""
    if "log_level" not in settings.model_fields_set:
        settings = settings.model_copy(update={"log_level": "warning"})  # each program has a log of its own
    configure_logging("songtan", settings)
    console = Console(stderr=True)
    centre = LocalCentre(settings, state, say=lambda words: console.print(f"Starting {words} …", highlight=False))
    try:
        centre.start()
        centre.note_addresses()
        show(centre)
        sys.stdout.flush()
        centre.supervisor.watch()
    finally:
        console.print("Stopping …")
        centre.stop()
    return 0


def show(centre: LocalCentre) -> None:
    """Print where everything is."""
    table = Table.grid(padding=(0, 2))
    table.add_row("API and pages", centre.url("api"))
    table.add_row("Signer", centre.url("signer"))
    table.add_row("Sign in as ops", f"{OPS_LOGIN}, password in {centre.state.folder / 'secrets.json'} (ops_password)")
    table.add_row("State", str(centre.state.folder))
    console = Console()
    console.print("The centre is up.", style="bold")
    console.print(table)
    console.print("Ctrl-C stops it; what is stored stays.")
