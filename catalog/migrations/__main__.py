"""`python -m catalog.migrations upgrade|current|check`, on the database of SONGTAN_DATABASE_URL."""

import sys

from catalog.formats.errors import AppError
from catalog.migrations import current_revision, migrate, newest_revision
from catalog.settings import DatabaseSettings, load


def main(arguments: list[str]) -> int:
    """Run a command: 0 when all is well, 1 when the database is behind or away, 2 for a wrong command."""
    if arguments not in (["upgrade"], ["current"], ["check"]):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        url = load(DatabaseSettings).database_url.get_secret_value()
        if arguments == ["upgrade"]:
            migrate(url)
        revision = current_revision(url)
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{revision or 'empty'}\n")
    return 1 if arguments == ["check"] and revision != newest_revision() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
