"""The server's own commands: serve, migrate, and the first partners and accounts. The rest is `songtan ops`."""

import gc
import json
import sys
from typing import Annotated, Any

import typer
import uvicorn
from pydantic import SecretStr, ValidationError
from sqlalchemy import Engine

from api.app import connect, create_app
from api.settings import ApiSettings
from catalog.accounts import service
from catalog.accounts.models import Role
from catalog.accounts.schemas import NewAccount, NewPartner
from catalog.db import make_engine, session_scope, warm
from catalog.formats.errors import N_, AppError
from catalog.formats.release import first_fault
from catalog.lifeline import follow_parent
from catalog.migrations import current_revision, migrate, newest_revision
from catalog.settings import DatabaseSettings, load
from catalog.telemetry import configure_logging

EXIT_FAILED = 1
EXIT_NOT_READY = 3
WARM_CONNECTIONS = 8

app = typer.Typer(
    help="The central service: its API, and the partner and ops pages. Settings come from SONGTAN_… variables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


class TablesBehind(AppError):
    """The database's tables are not those that this version needs."""

    code = "database.tables-behind"
    status = 503
    message = N_("The tables are at revision %(found)s and must be at %(wanted)s. Run: songtan api migrate")


class BadArgument(AppError):
    """A command was given something that it cannot take."""

    code = "command.bad-argument"
    status = 422
    message = N_("%(why)s. Correct it and run the command again.")


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of SONGTAN_API_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, instead of SONGTAN_API_PORT.")] = None,
) -> None:
    """Serve the API and the pages until SIGTERM. The tables must be there: `songtan api migrate`."""
    settings = load(ApiSettings)
    configure_logging("api", settings)
    wanted = newest_revision()
    found = current_revision(settings.database_url.get_secret_value())
    if found != wanted:
        raise TablesBehind(found=found or "none", wanted=wanted)
    centre = connect(settings)
    warm(centre.engine, WARM_CONNECTIONS)
    config = uvicorn.Config(
        create_app(centre),
        host=host or settings.api_host,
        port=settings.api_port if port is None else port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=10,
    )
    config.load()
    # What was made until here stays for ever: looking through it again would stop every request for a moment.
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run()


@app.command("migrate")
def migrate_command() -> None:
    """Bring the tables to the newest revision; tables that are there already are left alone."""
    url = load(DatabaseSettings).database_url.get_secret_value()
    migrate(url)
    print(current_revision(url))


@app.command("add-partner")
def add_partner(
    name: Annotated[str, typer.Argument(help="The partner's name, such as 成都七中.")], as_json: Json = False
) -> None:
    """Add a partner and print its id. Then make its publisher's key: `songtan signer add-partner`."""
    new = _checked(NewPartner, name=name)
    with session_scope(_database()) as session:
        partner = service.add_partner(session, new.name)
    _show({"id": partner.id, "name": partner.name}, as_json)


@app.command("add-account")
def add_account(
    login: Annotated[str, typer.Argument(help="The login name.")],
    role: Annotated[Role, typer.Option(help="What the account may do.")],
    partner: Annotated[str | None, typer.Option(help="The id of the partner it belongs to.", metavar="ID")] = None,
    name: Annotated[str | None, typer.Option(help="The person's name; the login name if left out.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input, not from the terminal.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add an account and print its id. The password has 10 characters or more; it is asked for, never an argument."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    new = _checked(
        NewAccount, login=login, name=name or login, password=SecretStr(password), role=role, partner_id=partner
    )
    with session_scope(_database()) as session:
        account = service.add_account(session, new)
    _show({"id": account.id, "login": account.login, "role": account.role, "partner_id": account.partner_id}, as_json)


def _database() -> Engine:
    settings = load(DatabaseSettings)
    configure_logging("api", settings)  # to standard error: standard output is for the answer
    return make_engine(settings)


def _checked(kind: type[Any], **values: object) -> Any:
    try:
        return kind(**values)
    except ValidationError as error:
        raise BadArgument(why=first_fault(error)) from error


def _show(fields: dict[str, str | None], as_json: bool) -> None:
    print(json.dumps(fields, ensure_ascii=False) if as_json else fields["id"])


def main() -> int:
    """Run a command: 0 done, 1 it failed (the message says why), 2 wrong usage, 3 something needed is not ready."""
    follow_parent()
    try:
        app()
    except AppError as error:
        sys.stderr.write(f"songtan api: {error}\n")
        return EXIT_NOT_READY if error.status == 503 else EXIT_FAILED
    return 0
