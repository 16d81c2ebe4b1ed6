"""A PostgreSQL server of the tests' own: made, started and stopped with them, in a folder that goes with it.

Belongs here: finding the programs, the server's life, and databases in it. Does not belong here: what the ledger does there.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL

OWNER, WRITER, STRANGER = "incentives_owner", "incentives_writer", "incentives_stranger"
"""Who owns databases and tables, who may read and append, and who is asked for a password; none is a superuser."""

LEAST_VERSION = 15
PLACES = "usr/lib/postgresql/*/bin", "usr/pgsql-*/bin"
# Nothing outlives the tests, so nothing waits for the disk.
OPTIONS = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "jit": "off", "max_connections": "40"}
# Neither its order of words nor the time zone is ours: only what the ledger says itself may hold.
CLUSTER = "--encoding=UTF8", "--no-locale", "--locale-provider=icu", "--icu-locale=en", "--auth=trust", "--no-sync"


def programs() -> Path | None:
    """The folder of the newest server that is installed, on the PATH or where distributions put it; None without one."""
    found = [path for place in PLACES for path in Path("/").glob(place)]
    on_path = shutil.which("postgres")
    versions = {path: _version(path) for path in [*found, *([Path(on_path).resolve().parent] if on_path else [])]}
    usable = [path for path, version in versions.items() if version >= LEAST_VERSION]
    return max(usable, key=versions.__getitem__, default=None)


def _version(folder: Path) -> int:
    if not (folder / "initdb").exists():
        return 0
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    number = re.search(r"\d+", said)
    return int(number[0]) if number else 0


class Server:
    """A running server; ``socket`` is its folder, and the only way in."""

    def __init__(self, bin_folder: Path, folder: Path) -> None:
        self._bin, self.socket, self._numbers = bin_folder, folder, count(1)
        # The server refuses to run as root, and its programs with it.
        self._as = {}
        if os.geteuid() == 0:
            user = next(name for name in ("postgres", "nobody") if _is_user(name))
            self._as = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
            shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
        made = self.run("initdb", *CLUSTER, "--username=postgres", "-D", folder / "data")
        assert made.returncode == 0, made.stderr
        rules = f"local all {STRANGER} scram-sha-256\nlocal all all trust\n"
        (folder / "data" / "pg_hba.conf").write_text(rules)
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run one of its programs to the end, as the user who runs the server."""
        command = [str(argument) for argument in (self._bin / program, *arguments)]
        return subprocess.run(command, cwd=self.socket, capture_output=True, text=True, **self._as)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {**OPTIONS, "unix_socket_directories": self.socket, "listen_addresses": "", "timezone": "Asia/Tokyo"}
        settings = [f"--{name}={value}" for name, value in options.items()]
        with (self.socket / "log").open("ab") as log:
            command = [self._bin / "postgres", "-D", self.socket / "data", *settings]
            self._process = subprocess.Popen(command, cwd=self.socket, stdout=log, stderr=log, **self._as)
        patience = time.monotonic() + 60
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None and time.monotonic() < patience, (self.socket / "log").read_text()
                time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it: at once and as if the power went by default."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(timeout=60)

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection of the superuser, for whom each statement is its own transaction."""
        return psycopg.connect(host=str(self.socket), user="postgres", dbname=database, autocommit=True)

    def url(self, database: str, role: str = OWNER) -> str:
        """A database as the ledger takes it."""
        url = URL.create("postgresql+psycopg", role, database=database, query={"host": str(self.socket)})
        return url.render_as_string(hide_password=False)

    def new_database(self, template: str = "template1") -> str:
        """The name of a new database of the owner's."""
        name = f"ledger_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, database: str) -> None:
        """Take a database away, whoever is still in it."""
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE {database} WITH (FORCE)")

    def empty(self, database: str, tables: list[str]) -> None:
        """Take all rows out of tables, which is five times faster than a new database; only a superuser's word does it."""
        rest = "".join(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_change;" for table in tables)
        back = "".join(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change;" for table in tables)
        with self.connect(database) as connection:
            connection.execute(f"BEGIN; {rest} TRUNCATE {', '.join(tables)}; {back} COMMIT")


def _is_user(name: str) -> bool:
    try:
        return pwd.getpwnam(name).pw_uid > 0
    except KeyError:
        return False


@contextmanager
def running(bin_folder: Path) -> Iterator[Server]:
    """A new server with its two roles, gone without a trace at the end."""
    # Not below the tests' own folders, whose names are too long for a socket and which none but their owner may enter.
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        server = Server(bin_folder, Path(folder))
        server.start()
        try:
            with server.connect() as connection:
                for role in (OWNER, WRITER, STRANGER):
                    connection.execute(f"CREATE ROLE {role} LOGIN")
            yield server
        finally:
            server.stop()
