"""`songtan ops`: counties, schools, nodes, enrolment codes, assignments, partners and accounts."""

from typing import Annotated, Any

import typer

from catalog.look.filters import human_bytes
from songtan.clients.policy_cli import policy
from songtan.clients.terminal import (
    BUDGET_HELP,
    Json,
    add_session_commands,
    budget_bytes,
    out,
    print_json,
    print_one,
    print_rows,
    read_secret,
    signed_in,
)

app = typer.Typer(
    help="For operations: nodes, what they hold, who may sign in. Begin with: songtan ops login --api URL",
    no_args_is_help=True,
    add_completion=False,
)
county_app = typer.Typer(help="Counties.", no_args_is_help=True)
site_app = typer.Typer(help="Schools.", no_args_is_help=True)
node_app = typer.Typer(help="Nodes: the boxes in the schools.", no_args_is_help=True)
partner_app = typer.Typer(help="Partners.", no_args_is_help=True)
account_app = typer.Typer(help="Accounts.", no_args_is_help=True)
for name, part in (
    ("county", county_app),
    ("site", site_app),
    ("node", node_app),
    ("partner", partner_app),
    ("account", account_app),
):
    app.add_typer(part, name=name)
add_session_commands(app, "ops")
node_app.command("policy")(policy)

NAMED = {"ID": lambda r: r["id"], "Name": lambda r: r["name"]}


@county_app.command("add")
def add_county(name: Annotated[str, typer.Argument(help="Its name.")], as_json: Json = False) -> None:
    """Add a county and print its id."""
    with signed_in("ops") as centre:
        print_one(centre.post("/api/counties", {"name": name}), as_json)


@county_app.command("list")
def list_counties(as_json: Json = False) -> None:
    """List the counties by name."""
    with signed_in("ops") as centre:
        print_rows(centre.get("/api/counties")["counties"], NAMED, as_json)


@site_app.command("add")
def add_site(
    name: Annotated[str, typer.Argument(help="The school's name.")],
    county: Annotated[str, typer.Option(help="The county's id.", metavar="ID")],
    as_json: Json = False,
) -> None:
    """Add a school and print its id."""
    with signed_in("ops") as centre:
        print_one(centre.post("/api/sites", {"name": name, "county_id": county}), as_json)


@site_app.command("list")
def list_sites(
    county: Annotated[str | None, typer.Option(help="Only of this county.", metavar="ID")] = None, as_json: Json = False
) -> None:
    """List schools by name."""
    with signed_in("ops") as centre:
        print_rows(centre.get("/api/sites", county_id=county)["sites"], NAMED, as_json)


@node_app.command("add")
def add_node(
    name: Annotated[str, typer.Argument(help="What the box is called, such as where it stands.")],
    site: Annotated[str, typer.Option(help="The school's id.", metavar="ID")],
    as_json: Json = False,
) -> None:
    """Add a node and print its id."""
    with signed_in("ops") as centre:
        print_one(centre.post("/api/nodes", {"name": name, "site_id": site}), as_json)


@node_app.command("show")
def show_node(node: Annotated[str, typer.Argument(help="The node's id.", metavar="NODE")]) -> None:
    """Print all that is known of a node, as JSON."""
    with signed_in("ops") as centre:
        print_json(centre.get(f"/api/nodes/{node}"))


@app.command()
def code(
    node: Annotated[str, typer.Argument(help="The node's id.", metavar="NODE")],
    hours: Annotated[int, typer.Option(help="For how many hours it works.", min=1, max=336)] = 48,
    as_json: Json = False,
) -> None:
    """Make a code that enrols a node once, and print it. It is shown only now."""
    with signed_in("ops") as centre:
        made = centre.post(f"/api/nodes/{node}/enrolment-codes", {"hours": hours})
        if as_json:
            print_json(made)
        else:
            out.print(made["code"])
            out.print(f"At the box: songtan edge enrol --centre {centre.api} --code {made['code']}")


@app.command()
def assign(
    course: Annotated[str, typer.Argument(help="The course's id.", metavar="COURSE")],
    node: Annotated[str | None, typer.Option(help="To one node.", metavar="ID")] = None,
    site: Annotated[str | None, typer.Option(help="To all nodes of a school.", metavar="ID")] = None,
    county: Annotated[str | None, typer.Option(help="To all nodes of a county.", metavar="ID")] = None,
    as_json: Json = False,
) -> None:
    """Say where a course goes: exactly one of --node, --site and --county."""
    body = {"course_id": course, "node_id": node, "site_id": site, "county_id": county}
    with signed_in("ops") as centre:
        print_one(centre.post("/api/assignments", body), as_json)


@app.command()
def budget(
    course: Annotated[str, typer.Argument(help="The course's id.", metavar="COURSE")],
    megabytes: Annotated[float, typer.Argument(help=BUDGET_HELP, metavar="MB", min=0)],
    as_json: Json = False,
) -> None:
    """Say what a school may fetch for a whole course in one tier; 0 for no budget. Prints the course's id."""
    with signed_in("ops") as centre:
        print_one(centre.put(f"/api/courses/{course}/budget", {"budget_bytes": budget_bytes(megabytes)}), as_json)


@app.command()
def unassign(assignment: Annotated[str, typer.Argument(help="Its id.", metavar="ASSIGNMENT")]) -> None:
    """Take an assignment back."""
    with signed_in("ops") as centre:
        centre.delete(f"/api/assignments/{assignment}")


@app.command()
def assignments(
    course: Annotated[str | None, typer.Option(help="Only of this course.", metavar="ID")] = None, as_json: Json = False
) -> None:
    """List assignments, newest first."""
    with signed_in("ops") as centre:
        rows = centre.get("/api/assignments", course_id=course)["assignments"]
    columns = {"ID": lambda r: r["id"], "Course": lambda r: r["course_title"], "Goes to": lambda r: r["target_name"]}
    print_rows(rows, columns, as_json)


@app.command()
def nodes(
    site: Annotated[str | None, typer.Option(help="Only of this school.", metavar="ID")] = None,
    county: Annotated[str | None, typer.Option(help="Only of this county.", metavar="ID")] = None,
    as_json: Json = False,
) -> None:
    """List nodes with their last report, lessons ready, direction and problems."""
    with signed_in("ops") as centre:
        rows = list(centre.all("/api/nodes", "nodes", site_id=site, county_id=county))
    columns = {
        "ID": lambda r: r["id"],
        "Node": lambda r: f"{r['site_name']} {r['name']}",
        "Heard": _heard,
        "Lessons ready": lambda r: f"{r['lessons_ready']} of {r['lessons']}",
        "Direction": _direction,
        "Disk free": lambda r: human_bytes(r["health"]["disk_free"]) if r["health"] else "–",
        "Problems": lambda r: "; ".join(r["health"]["problems"]) if r["health"] else "",
    }
    print_rows(rows, columns, as_json)


def _heard(row: Any) -> str:
    if row["enrolled_at"] is None:
        return "not enrolled yet"
    return str(row["last_seen_at"] or "never")[:16].replace("T", " ")


def _direction(row: Any) -> str:
    held = row["health"]["direction_version"] if row["health"] else 0
    return f"{held} of {row['direction_version']}"


@partner_app.command("add")
def add_partner(
    name: Annotated[str, typer.Argument(help="Its name, such as 成都七中.")], as_json: Json = False
) -> None:
    """Add a partner and print its id. Then make its keys: songtan signer add-partner."""
    with signed_in("ops") as centre:
        print_one(centre.post("/api/partners", {"name": name}), as_json)


@partner_app.command("list")
def list_partners(as_json: Json = False) -> None:
    """List the partners by name."""
    with signed_in("ops") as centre:
        print_rows(centre.get("/api/partners")["partners"], NAMED, as_json)


@account_app.command("add")
def add_account(
    login: Annotated[str, typer.Argument(help="The login name.")],
    role: Annotated[str, typer.Option(help="partner, reviewer or ops.")],
    partner: Annotated[str | None, typer.Option(help="The partner's id, for the role partner.", metavar="ID")] = None,
    name: Annotated[str | None, typer.Option(help="The person's name; the login name if left out.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add an account and print its id. The password is asked for, never an argument."""
    password = read_secret("Password", password_stdin)
    body = {"login": login, "name": name or login, "password": password, "role": role, "partner_id": partner}
    with signed_in("ops") as centre:
        print_one(centre.post("/api/accounts", body), as_json)
