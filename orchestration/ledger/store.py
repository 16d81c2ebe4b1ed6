"""Where the ledger stands: connections and transactions on SQLite, for one deployment, and PostgreSQL, in production.

Does not belong here: the tables, what they refuse, what is posted, and what is hashed.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Executable, create_engine, event, exc, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from orchestration.errors import BusyError, RefusedError, SettingsError
from orchestration.files import clear_leftovers, sync, temporary_beside
from orchestration.ledger.migrations import is_current, migrate, schema_version
from orchestration.ledger.refusals import LOCK

WAIT_SECONDS: Final = 300
"""How long a writer waits for another one before it gives up: longer than the largest posting takes."""

_BUSY_STATES: Final = ("55P03", "40P01")
"""PostgreSQL's words for a lock that did not come in time, and for two writers that wait for each other."""

# Waits for no other writer longer than that, and for the disk where server or role say not to.
_SETTLE_POSTGRESQL: Final = text("""
    SELECT set_config('lock_timeout', :wait, true),
        set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), true)""")


def open_engine(url: str) -> Engine:
    """An engine on the ledger that ``url`` names, made with its schema where it is missing, upgraded where it is older.

    Raises SettingsError where the URL cannot be read, the place cannot be written, or a later version made the ledger.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        path = _sqlite_path(parsed)
        try:
            _create_sqlite_file(path)
        except (OSError, sqlite3.Error) as error:
            raise SettingsError(f"the ledger {path} cannot be made: {error}; see to its folder and rights") from error
        engine = _sqlite_engine(path)
        with reading(engine) as connection:
            if schema_version(connection) == 0:
                raise SettingsError(f"{path} is there and holds no ledger; name another file, or take this one away")
    else:
        engine = _postgresql_engine(parsed)
    with reading(engine) as connection:
        current = is_current(connection)
    if not current:
        with writing(engine) as connection:
            _require_room(connection)
            migrate(connection)
    return engine


def _require_room(connection: Connection) -> None:
    """SettingsError where a database on PostgreSQL cannot take the ledger's ids, or this role may not make its tables."""
    if connection.dialect.name == "sqlite":
        return
    place = _shown(connection.engine.url)
    asked = text("SELECT getdatabaseencoding(), has_schema_privilege(current_schema(), 'CREATE')")
    encoding, may_create = connection.execute(asked).one()
    if encoding != "UTF8":
        raise SettingsError(
            f"the database {place} has the encoding {encoding}; make one for the ledger with ENCODING 'UTF8'"
        )
    if not may_create:
        raise SettingsError(
            f"the ledger {place} is not made yet, or of an earlier version, and this role may not make tables: "
            "let the role that is to own them run a command first, and grant this one SELECT and INSERT on them"
        )


def _postgresql_engine(url: URL) -> Engine:
    try:
        engine = create_engine(
            url,
            poolclass=NullPool,
            # Whatever the server's or the role's defaults: a writer that waited sees what the one before it posted.
            isolation_level="READ COMMITTED",
            connect_args={"client_encoding": "UTF8"},
        )
    except (ImportError, exc.ArgumentError) as error:
        raise SettingsError(f"the ledger's URL {_shown(url)} needs a driver that is not installed: {error}") from error
    if engine.dialect.driver != "psycopg" or engine.dialect.is_async:
        raise SettingsError(f"the ledger's URL {_shown(url)} names another driver: begin it with postgresql+psycopg://")
    return engine


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError) as error:
        raise SettingsError(
            "INCENTIVES_LEDGER_URL is no SQLAlchemy URL; write it like sqlite:////var/ledger/ledger.sqlite "
            "or postgresql+psycopg://user@host/database"
        ) from error
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingsError(f"the ledger's URL {_shown(parsed)} names a database other than SQLite and PostgreSQL")
    return parsed


def _shown(url: URL) -> str:
    # Drivers take passwords among the options, too.
    return url.set(query={}).render_as_string(hide_password=True)


def _sqlite_path(url: URL) -> Path:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise SettingsError(
            f"the ledger's URL {_shown(url)} names no file; write it like sqlite:////var/ledger/ledger.sqlite"
        )
    return Path(url.database).absolute()


def _create_sqlite_file(path: Path) -> None:
    """Make the file with its whole schema under another name first, so that no process ever opens half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    clear_leftovers(path)
    if path.exists():
        return
    new = temporary_beside(path)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        # Write-ahead, which the file remembers: readers and the writer never wait for each other.
        with closing(sqlite3.connect(new)) as bare:
            bare.execute("PRAGMA journal_mode = WAL")
        with writing(_sqlite_engine(new)) as connection:
            migrate(connection)
        path.hardlink_to(new)
        sync(path.parent)
    except FileExistsError:
        pass  # Another process made it in the meantime, as whole as this one.
    finally:
        new.unlink(missing_ok=True)


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        # Transactions are begun by ``_begin`` and not by the driver, which would begin them late and never immediately.
        connect_args={"timeout": WAIT_SECONDS, "isolation_level": None},
    )
    event.listen(engine, "connect", _settle_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _settle_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -65536")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that no other writer can run beside; all of it is kept, or on any error nothing.

    Raises BusyError when another writer does not end within WAIT_SECONDS.
    """
    with mended(_shown(engine.url)), engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(_SETTLE_POSTGRESQL, {"wait": f"{WAIT_SECONDS}s"})
            connection.execute(text(f"SELECT {LOCK}"))
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One read transaction: every statement in it sees the ledger as of its start; no writer waits for it."""
    with mended(_shown(engine.url)), engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def mended(place: str) -> Iterator[None]:
    """The database's errors as errors for people: one line with the cause and the cure."""
    try:
        yield
    except exc.IntegrityError as error:
        raise RefusedError(f"the ledger refuses a row and nothing was posted: {_first_line(error.orig)}") from error
    except exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _BUSY_STATES or "is locked" in str(error.orig):
            raise BusyError(f"another process is writing to the ledger {place}; try again when it has ended") from error
        cure = "; see to path, rights and disk" if isinstance(error, exc.OperationalError) else ""
        raise SettingsError(f"the ledger {place} cannot be used: {_first_line(error.orig)}{cure}") from error
    except OverflowError as error:  # SQLite's driver, of a number with more than 64 bits.
        raise SettingsError("the ledger has no number that long; check what was asked for") from error


def _first_line(error: object) -> str:
    return str(error).strip().split("\n", 1)[0]


def rows_of(connection: Connection, statement: Executable) -> Iterator[tuple[Any, ...]]:
    """The rows of a query as plain tuples, fetched as they are used."""
    return map(tuple, connection.execute(statement, execution_options={"stream_results": True}))
