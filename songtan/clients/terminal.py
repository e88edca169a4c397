"""What the commands of both faces do at the terminal: sign in, print for people or for programs, show progress."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from catalog.look.language import spoken_language
from songtan.clients.centre import Centre
from songtan.clients.session import Face, Session, current, forget, keep, kept

BUDGET_HELP = (
    "What a school may fetch for the whole course in one tier, in MB; 0 for no budget. "
    "Lessons that are encoded from now on share it by their length."
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

out = Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 240)
"""Lines for people, names as they are typed; what another program reads is not folded at 80 columns."""
progress_console = Console(stderr=True, highlight=False, markup=False, emoji=False)


@contextmanager
def signed_in(face: Face) -> Iterator[Centre]:
    """Give the connection of whoever is signed in. Raises NoCentre, NoSession."""
    session = current(face)
    with Centre(session.api, session.token, spoken_language()) as centre:
        yield centre


def read_secret(prompt: str, from_stdin: bool) -> str:
    """Return a password or passphrase: typed without echo, or the first line of standard input."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt(prompt, hide_input=True, err=True))


def print_json(value: Any) -> None:
    """Print a value for programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def budget_bytes(megabytes: float) -> int | None:
    """Return a budget given in MB (a million bytes) as the API takes it: in bytes, None for 0."""
    return round(megabytes * 1e6) or None


def print_one(value: Mapping[str, Any], as_json: bool) -> None:
    """Print what was made: its id alone, so that a script can keep it, or all of it as JSON."""
    if as_json:
        print_json(value)
    else:
        sys.stdout.write(f"{value['id']}\n")


def print_rows(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Callable[[Mapping[str, Any]], str]], as_json: bool
) -> None:
    """Print a list: a table of `columns` (heading to text) for people, or the rows as JSON."""
    if as_json:
        print_json(list(rows))
        return
    table = Table(box=None, pad_edge=False)
    for heading in columns:
        table.add_column(heading, overflow="fold", no_wrap=heading == "ID")
    for row in rows:
        table.add_row(*(text(row) for text in columns.values()))
    out.print(table)


def transfer_progress() -> Progress:
    """Return the progress bar of an upload: bytes, rate, time left."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=progress_console,
    )


def job_progress() -> Progress:
    """Return the progress bar of a job: percent, and the words that its task carries."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[words]}", markup=False),
        console=progress_console,
    )


def add_session_commands(app: typer.Typer, face: Face) -> None:
    """Give a face its `login` and `logout`."""

    @app.command()
    def login(
        api: Annotated[str, typer.Option(help="Address of the centre, like https://the.centre", metavar="URL")],
        name: Annotated[str | None, typer.Option(help="Your login name; asked if left out.")] = None,
        password_stdin: Annotated[
            bool, typer.Option("--password-stdin", help="Read the password from standard input.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Sign in. The token is kept in a file that only you can read, for 30 days.

        Scripts may set SONGTAN_API and SONGTAN_TOKEN instead.
        """
        login_name = name or typer.prompt("Login name", err=True)
        password = read_secret("Password", password_stdin)
        with Centre(api, language=spoken_language()) as centre:
            made = centre.post("/api/session", {"login": login_name, "password": password})
        path = keep(face, Session(api=api.rstrip("/"), token=made["token"]))
        if as_json:
            print_json(made)
        else:
            out.print(f"Signed in as {made['person']['name']}; kept in {path}")

    @app.command()
    def logout() -> None:
        """Sign out here, and end the session at the centre."""
        session = kept(face)
        if session is None:
            return
        try:
            with Centre(session.api, session.token, spoken_language()) as centre:
                centre.delete("/api/session")
        finally:
            forget(face)
