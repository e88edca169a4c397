"""`songtan signer …`: make the keys, say who may sign, and run the signer."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.table import Table

from catalog.formats.errors import AppError
from catalog.lifeline import follow_parent
from catalog.settings import StorageSettings, load
from catalog.storage.s3 import S3ObjectStore
from catalog.telemetry import configure_logging
from signer.admin import Admin, NewSigner
from signer.app import SignerProgram
from signer.directions import Directions
from signer.keys import Duty, KeyFolder
from signer.passphrases import Passphrases
from signer.repository import LocalRepository, Statements
from signer.service import SignerService
from signer.settings import KeySettings, SignerSettings
from signer.upload import Uploader

HELP = """
The signer holds the keys that the API does not: it signs releases for the people who may, and directions by itself.

Begin with `init`, then `add-partner` for each partner, then `serve`. A passphrase is never an argument: it is asked
for, or read from --passphrase-file, one a line in the order in which they would be asked; `-` is standard input.

Exit codes: 0 done, 1 it failed (the message says why), 2 wrong usage, 3 something needed is not there or not ready.
"""

app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="File with one passphrase a line; - is standard input.")
]
RootFolder = Annotated[Path | None, typer.Option("--root-in", help="The offline folder that holds root.key.")]
OPS = "ops"


class Clock:
    """The machine's time."""

    def __call__(self) -> datetime:
        """Return the time now, in UTC."""
        return datetime.now(UTC)


def _repository(settings: KeySettings) -> LocalRepository:
    configure_logging("signer", settings)
    keys = KeyFolder(settings.signer_keys)
    return LocalRepository(settings.signer_keys / "repository", keys, Clock())


def _admin(repository: LocalRepository) -> Admin:
    return Admin(repository, Directions(repository.keys.folder / "directions", repository, Clock()))


def _note_upload() -> None:
    typer.echo("A running signer uploads this within seconds; else the next `songtan signer serve` does.")


@app.command()
def init(
    root_out: Annotated[
        Path | None,
        typer.Option("--root-out", help="Folder for root.key, for example on a drive that goes into a safe."),
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make the keys and an empty signed repository in the folder SONGTAN_SIGNER_KEYS.

    Asks for ops' passphrase, which seals the root and targets keys. Refuses a folder that has keys.
    """
    repository = _repository(load(KeySettings))
    passphrase = Passphrases(passphrase_file).new(OPS)
    repository.create(passphrase, root_out)
    typer.echo(f"Made keys and repository in {repository.keys.folder}. Back this folder up, and keep it from others.")


@app.command("add-partner")
def add_partner(
    partner: Annotated[str, typer.Argument(help="The partner's id, as the API shows it.")],
    publisher: Annotated[list[str], typer.Option(help="Name of a person who signs; may be given again.")],
    reviewer: Annotated[
        list[str] | None, typer.Option(help="Name of a person who signs beside the publisher; then two must sign.")
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Let people sign the releases of a partner, and of no other.

    Asks for ops' passphrase, then for a new one of each publisher and each reviewer.
    """
    repository = _repository(load(KeySettings))
    passphrases = Passphrases(passphrase_file)
    ops = passphrases.known(OPS)
    duties = [(name, Duty.PUBLISHER) for name in publisher] + [(name, Duty.REVIEWER) for name in reviewer or []]
    people = [NewSigner(name.strip(), duty, passphrases.new(name)) for name, duty in duties]
    threshold = 2 if reviewer else 1
    _admin(repository).add_partner(partner, people, threshold, ops)
    typer.echo(f"{len(people)} can sign for {partner}; each release needs {threshold}.")
    _note_upload()


@app.command("add-signer")
def add_signer(
    partner: Annotated[str, typer.Argument(help="The partner's id.")],
    name: Annotated[str, typer.Argument(help="The person's name.")],
    reviewer: Annotated[bool, typer.Option("--reviewer", help="A reviewer, not a publisher.")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Give one more person of a partner a key. Asks for ops' passphrase, then for the person's new one."""
    repository = _repository(load(KeySettings))
    passphrases = Passphrases(passphrase_file)
    ops = passphrases.known(OPS)
    duty = Duty.REVIEWER if reviewer else Duty.PUBLISHER
    _admin(repository).add_signer(partner, NewSigner(name.strip(), duty, passphrases.new(name)), ops)
    typer.echo(f"{name} can sign for {partner}.")
    _note_upload()


@app.command("renew-partner")
def renew_partner(
    partner: Annotated[str, typer.Argument(help="The partner's id.")],
    signer: Annotated[list[str], typer.Option(help="Name of a person who signs; as many as a release needs.")],
    at_least: Annotated[int, typer.Option(min=1, help="Lowest version that the role may get (see `raise`).")] = 1,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign what a partner has published anew: once a year, before it expires. Asks for each signer's passphrase."""
    repository = _repository(load(KeySettings))
    passphrases = Passphrases(passphrase_file)
    _admin(repository).renew_partner(partner, {name: passphrases.known(name) for name in signer}, at_least)
    _note_upload()


@app.command("renew-targets")
def renew_targets(passphrase_file: PassphraseFile = None) -> None:
    """Sign anew who may sign what: once a year, before it expires. Asks for ops' passphrase."""
    _admin(_repository(load(KeySettings))).renew_targets(Passphrases(passphrase_file).known(OPS))
    _note_upload()


@app.command("rotate-online")
def rotate_online(root_in: RootFolder = None, passphrase_file: PassphraseFile = None) -> None:
    """Replace the keys that the signer uses by itself, for example after a break-in. Asks for ops' passphrase."""
    repository = _repository(load(KeySettings))
    passphrase = Passphrases(passphrase_file).known(OPS)
    root_key = repository.keys.open_ops("root", passphrase, root_in)
    _admin(repository).rotate_online(passphrase, root_key)
    _note_upload()


@app.command("raise")
def raise_versions(
    at_least: Annotated[int, typer.Option(min=1, help="A number above any version that a node may have seen.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """After the folder was restored from a backup: raise every version above any that a node may have seen.

    Nodes refuse versions that go back. If the object store has survived, run `adopt` first. Asks for ops' passphrase.
    """
    repository = _repository(load(KeySettings))
    behind = _admin(repository).raise_versions(at_least, Passphrases(passphrase_file).known(OPS))
    for partner in behind:
        typer.echo(f"Now have {partner}'s people run: songtan signer renew-partner {partner} --at-least {at_least}")
    _note_upload()


@app.command()
def adopt() -> None:
    """After the folder was restored from a backup: take over the newer signed metadata that the store holds."""
    repository = _repository(load(KeySettings))
    statements = _admin(repository).adopt(Uploader(repository, S3ObjectStore(load(StorageSettings))))
    typer.echo(f"Took over timestamp {statements.timestamp.signed.version} and what it names. Now run `raise`.")


@app.command()
def refresh() -> None:
    """Sign snapshot and timestamp anew and upload them; `serve` does so by itself 15 days before they expire."""
    settings = load(SignerSettings)
    configure_logging("signer", settings)
    service = SignerService(settings.signer_keys, S3ObjectStore(settings), Clock())
    statements = service.refresh()
    typer.echo(f"Uploaded timestamp {statements.timestamp.signed.version}.")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object on standard output.")] = False,
) -> None:
    """Show what is in force, until when, and who may sign."""
    settings = load(KeySettings)
    repository = _repository(settings)
    statements = repository.load()
    document = describe(repository, statements)
    if as_json:
        print(json.dumps(document, ensure_ascii=False, indent=1))
        return
    table = Table("role", "version", "expires", "signs", "releases")
    for line in document:
        table.add_row(*(str(line[name]) for name in ("role", "version", "expires", "signers", "releases")))
    Console().print(table)


def describe(repository: LocalRepository, statements: Statements) -> list[dict[str, object]]:
    """Return each role's version, expiry, number of signatures needed, signers and number of releases."""
    lines: list[dict[str, object]] = []
    snapshot, targets = statements.snapshot.signed, statements.targets.signed
    for name, signed in (
        ("root", statements.root.signed),
        ("timestamp", statements.timestamp.signed),
        ("snapshot", snapshot),
        ("targets", targets),
    ):
        lines.append({"role": name, "version": signed.version, "expires": signed.expires.isoformat()})
    for name, role in statements.partners.items():
        partner, delegation = name.removeprefix("partner-").upper(), statements.role(name)
        lines.append(
            {
                "role": name,
                "version": role.signed.version,
                "expires": role.signed.expires.isoformat(),
                "needed": delegation.threshold if delegation else 0,
                "signers": [f"{card.name} ({card.duty.value})" for card in repository.keys.signers(partner)],
                "releases": len(role.signed.targets),
            }
        )
    return [{"needed": 1, "signers": [], "releases": 0, **line} for line in lines]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on instead of SONGTAN_SIGNER_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on instead of SONGTAN_SIGNER_PORT.")] = None,
) -> None:
    """Run the signer: the API asks it to sign, people sign on its page. Stays until Ctrl-C."""
    settings = load(SignerSettings)
    configure_logging("signer", settings)
    service = SignerService(settings.signer_keys, S3ObjectStore(settings), Clock())
    service.repository.online(service.repository.load())  # says at once what is wrong with the folder
    program = SignerProgram(service, settings.signer_url, settings.signer_token)
    uvicorn.run(
        program.app(),
        host=host or settings.signer_host,
        port=settings.signer_port if port is None else port,
        log_config=None,
        access_log=False,
        server_header=False,
    )


def main() -> None:
    """What `python -m signer` runs: an AppError becomes a message and an exit code, never a traceback."""
    follow_parent()
    try:
        app()
    except AppError as error:
        print(f"songtan signer: {error}", file=sys.stderr)
        sys.exit(3 if error.status == 503 else 1)
