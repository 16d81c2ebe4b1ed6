"""A fresh ledger for every test that asks for one, on SQLite and on a real PostgreSQL server, and a way in behind its back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from awards_by_hand import ledger_in
from postgresql_server import LEAST_VERSION, Server, programs, running

from orchestration.ledger.ledger import Ledger
from orchestration.ledger.tables import METADATA, SCHEMA_VERSIONS


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """The server of this process of tests; skips what needs it where none is installed, and where one must be, fails it."""
    found = programs()
    if found is None:
        reason = f"not run on PostgreSQL: no server of version {LEAST_VERSION} or later is installed here"
        if os.environ.get("LEDGER_POSTGRESQL") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    with running(found) as server:
        yield server


@pytest.fixture(scope="session")
def made(postgresql: Server) -> str:
    """A database with a ledger in it that nobody posts on, to make others after."""
    name = postgresql.new_database()
    Ledger.open(postgresql.url(name))
    return name


@pytest.fixture(scope="session")
def shared(postgresql: Server, made: str) -> str:
    """A database with a ledger in it that is emptied for each test."""
    return postgresql.new_database(made)


@pytest.fixture
def postgresql_ledger(request: pytest.FixtureRequest, postgresql: Server, made: str, shared: str) -> Iterator[Ledger]:
    """A fresh ledger on PostgreSQL, of the role that owns its tables; a test that goes behind its back has a database alone."""
    if {"behind", "unguarded"}.isdisjoint(request.fixturenames):
        postgresql.empty(shared, [table.name for table in METADATA.sorted_tables if table is not SCHEMA_VERSIONS])
        yield Ledger.open(postgresql.url(shared))
    else:
        name = postgresql.new_database(made)
        yield Ledger.open(postgresql.url(name))
        postgresql.drop(name)


@pytest.fixture
def sqlite_ledger(tmp_path: Path) -> Ledger:
    """A fresh ledger on SQLite."""
    return ledger_in(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """A fresh ledger, on one database after the other."""
    found: Ledger = request.getfixturevalue(f"{request.param}_ledger")
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def unmade(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a place where nobody has made a ledger yet, in one database after the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'unmade' / 'ledger.sqlite'}"
    server: Server = request.getfixturevalue("postgresql")
    return server.url(server.new_database())


class Bare:
    """A bare connection to a ledger's database, nothing of ours in between, each statement its own transaction."""

    def __init__(self, connection: Any, dialect: str) -> None:
        self._connection, self.dialect = connection, dialect

    def execute(self, statement: str, values: Sequence[object] = ()) -> Any:
        """Run a statement in the database's own words, but for the marks of its values, which are ``?`` everywhere."""
        if self.dialect == "sqlite":
            return self._connection.execute(statement, values)
        return self._connection.execute(statement.replace("?", "%s"), values or None)


@contextmanager
def bare(ledger: Ledger) -> Iterator[Bare]:
    dialect = ledger._engine.dialect.name
    proxy = ledger._engine.raw_connection()
    try:
        if dialect == "postgresql":
            proxy.driver_connection.autocommit = True
        else:
            proxy.execute("PRAGMA foreign_keys = OFF")
        yield Bare(proxy.driver_connection, dialect)
    finally:
        proxy.close()


@contextmanager
def without_guards(ledger: Ledger) -> Iterator[Bare]:
    with bare(ledger) as connection:
        if connection.dialect == "sqlite":
            triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            back = [sql for _, sql in triggers]
        else:
            rows = connection.execute(
                "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype IN ('f', 'c') AND conrelid <> 0"
            ).fetchall()
            for table, name in rows:
                connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            rows = connection.execute("SELECT tgrelid::regclass, tgname FROM pg_trigger").fetchall()
            for table, name in rows:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
            back = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for table, name in rows]
        yield connection
        for statement in back:
            connection.execute(statement)


@pytest.fixture
def behind() -> Callable[[Ledger], AbstractContextManager[Bare]]:
    """Opens a bare connection to a ledger's database."""
    return bare


@pytest.fixture
def unguarded() -> Callable[[Ledger], AbstractContextManager[Bare]]:
    """The same for whoever owns the database: triggers and conditions are taken away first, and the triggers put back."""
    return without_guards
