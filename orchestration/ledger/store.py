"""Where the ledger stands: tables, checks, the triggers that refuse every change, connections and transactions.

SQLite for one deployment, PostgreSQL in production; each dialect's own words are in this file and nowhere else.
Does not belong here: what is posted, and what is hashed.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Engine,
    Executable,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    exc,
    inspect,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from orchestration.errors import BusyError, RefusedError, SettingsError
from orchestration.files import clear_leftovers, sync, temporary_beside
from orchestration.ledger.accounts import MANUAL_PREFIX, account_sql
from orchestration.ledger.chain import GENESIS
from orchestration.ledger.entries import AWARDS, BENEFICIARY_TYPES, INSTRUMENTS, KINDS, MAX_CENTS, PAY, RETURN, SIDES

WAIT_SECONDS: Final = 300
"""How long a writer waits for another one before it gives up: longer than the largest posting takes."""

WHOLE = BigInteger().with_variant(Integer(), "sqlite")
# Ids order byte by byte: SQLite's own order, and PostgreSQL's under the collation "C".
_WORD = Text().with_variant(Text(collation="C"), "postgresql")


def _one_of(column: str, words: tuple[str, ...]) -> str:
    # Not IN: SQLite builds a list of more than two words anew for every row, which triples the cost of an insert.
    return "(" + " OR ".join(f"{column} = '{word}'" for word in words) + ")"


def _side(position: int) -> str:
    cases = " ".join(f"WHEN '{name}' THEN {account_sql(sides[position])}" for name, sides in SIDES.items())
    return f"CASE entry_type {cases} END"


METADATA: Final = MetaData()

POSTINGS: Final = Table(
    "postings",
    METADATA,
    Column("posting_no", WHOLE, primary_key=True, autoincrement=False),
    Column("kind", _WORD, CheckConstraint(_one_of("kind", tuple(KINDS))), nullable=False),
    Column("as_of", _WORD, CheckConstraint("length(as_of) = 10"), nullable=False, comment="YYYY-MM-DD"),
    Column("inputs_hash", _WORD, nullable=False),
    Column("terms_hash", _WORD, nullable=False),
    Column("entry_count", WHOLE, CheckConstraint("entry_count > 0"), nullable=False),
    Column("last_entry_no", WHOLE, nullable=False),
    Column("sums", _WORD, nullable=False, comment="cents by entry type and instrument, canonical JSON"),
    Column("previous_hash", _WORD, nullable=False, unique=True),
    Column("hash", _WORD, nullable=False, unique=True),
    Column("recorded_at", _WORD, nullable=False, comment="UTC, outside the hash"),
    sqlite_strict=True,
)
Index(
    "one_awards_posting_a_day",
    POSTINGS.c.as_of,
    unique=True,
    sqlite_where=text(f"kind = '{AWARDS}'"),
    postgresql_where=text(f"kind = '{AWARDS}'"),
)

ENTRIES: Final = Table(
    "entries",
    METADATA,
    Column("entry_no", WHOLE, primary_key=True, autoincrement=False),
    # Deferred: entries are written as they are worked out, and their posting, which seals them, last.
    Column(
        "posting_no",
        WHOLE,
        ForeignKey("postings.posting_no", deferrable=True, initially="DEFERRED"),
        nullable=False,
        index=True,
    ),
    Column("entry_type", _WORD, nullable=False),
    Column("program_id", _WORD),
    Column("period", _WORD),
    Column("beneficiary_type", _WORD, nullable=False),
    Column("beneficiary_id", _WORD, CheckConstraint("beneficiary_id <> ''"), nullable=False),
    Column("subject_id", _WORD, nullable=False),
    Column("component", _WORD),
    Column("instrument", _WORD, nullable=False),
    Column("payout_id", _WORD),
    Column("debit_account", _WORD, nullable=False),
    Column("credit_account", _WORD, nullable=False),
    Column("amount_cents", WHOLE, nullable=False),
    CheckConstraint(f"amount_cents > 0 AND amount_cents <= {MAX_CENTS}", name="amount_is_above_zero"),
    CheckConstraint(_one_of("entry_type", tuple(SIDES)), name="entry_type_is_known"),
    CheckConstraint(_one_of("beneficiary_type", BENEFICIARY_TYPES), name="beneficiary_type_is_known"),
    CheckConstraint(_one_of("instrument", INSTRUMENTS), name="instrument_is_known"),
    CheckConstraint(
        f"CASE WHEN {_one_of('entry_type', (PAY, RETURN))} "
        "THEN payout_id IS NOT NULL AND payout_id <> '' AND program_id IS NULL AND period IS NULL "
        "AND component IS NULL AND subject_id = '' "
        "ELSE payout_id IS NULL AND program_id IS NOT NULL AND program_id <> '' AND period IS NOT NULL "
        "AND period <> '' AND component IS NOT NULL AND component <> '' END",
        name="award_key_or_payout",
    ),
    CheckConstraint(
        f"CASE WHEN {_one_of('entry_type', KINDS['MANUAL'])} THEN program_id LIKE '{MANUAL_PREFIX}%' END",
        name="manual_has_a_reason",
    ),
    CheckConstraint(f"debit_account = {_side(0)}", name="debit_account_is_the_keys"),
    CheckConstraint(f"credit_account = {_side(1)}", name="credit_account_is_the_keys"),
    sqlite_strict=True,
)
Index(
    "one_pay_and_one_return_a_payout",
    ENTRIES.c.payout_id,
    ENTRIES.c.entry_type,
    unique=True,
    sqlite_where=text("payout_id IS NOT NULL"),
    postgresql_where=text("payout_id IS NOT NULL"),
)

USED_TERMS: Final = Table(
    "used_terms",
    METADATA,
    Column("program_id", _WORD, primary_key=True),
    Column("version_no", WHOLE, primary_key=True, autoincrement=False),
    Column("terms_hash", _WORD, nullable=False),
    Column("first_as_of", _WORD, nullable=False, comment="YYYY-MM-DD"),
    sqlite_strict=True,
)

CHECKPOINTS: Final = Table(
    "checkpoints",
    METADATA,
    Column("posting_no", WHOLE, ForeignKey("postings.posting_no"), primary_key=True, autoincrement=False),
    Column("last_entry_no", WHOLE, nullable=False),
    Column("position_count", WHOLE, nullable=False),
    Column("positions", LargeBinary, nullable=False, comment="what is posted under every award key; see positions.py"),
    sqlite_strict=True,
)

# What may not be appended. SQLite's INSERT OR REPLACE deletes the row it replaces without asking a DELETE trigger, so
# every unique key is asked for here; the next number and no other leaves no gap, and no way into a sealed posting.
_SQLITE_APPENDS: Final = {
    POSTINGS: f"""
        NEW.posting_no IS NOT (SELECT coalesce(max(posting_no), 0) + 1 FROM postings)
        OR NEW.previous_hash IS NOT
            coalesce((SELECT hash FROM postings ORDER BY posting_no DESC LIMIT 1), '{GENESIS}')
        OR EXISTS (SELECT 1 FROM postings WHERE hash = NEW.hash)
        OR NEW.last_entry_no IS NOT (SELECT max(entry_no) FROM entries)
        OR (NEW.kind = '{AWARDS}'
            AND NEW.as_of <= (SELECT max(as_of) FROM postings WHERE kind = '{AWARDS}'))""",
    ENTRIES: """
        NEW.entry_no IS NOT (SELECT coalesce(max(entry_no), 0) + 1 FROM entries)
        OR NEW.posting_no IS NOT (SELECT coalesce(max(posting_no), 0) + 1 FROM postings)
        OR (NEW.payout_id IS NOT NULL AND EXISTS (
            SELECT 1 FROM entries WHERE payout_id = NEW.payout_id AND entry_type = NEW.entry_type))""",
    USED_TERMS: """
        EXISTS (SELECT 1 FROM used_terms WHERE program_id = NEW.program_id AND version_no = NEW.version_no)""",
    CHECKPOINTS: """
        NEW.posting_no IS NOT (SELECT max(posting_no) FROM postings)
        OR NEW.last_entry_no IS NOT (SELECT max(entry_no) FROM entries)
        OR EXISTS (SELECT 1 FROM checkpoints WHERE posting_no = NEW.posting_no)""",
}


def _sqlite_triggers() -> dict[str, str]:
    """Trigger name → its DDL."""
    triggers = {}
    for table, refused in _SQLITE_APPENDS.items():
        message = f"the ledger is append-only: {table.name} takes the next row and no other change"
        stop = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        for verb in ("update", "delete"):
            name = f"{table.name}_no_{verb}"
            triggers[name] = f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table.name} {stop}"
        name = f"{table.name}_append"
        triggers[name] = f"CREATE TRIGGER {name} BEFORE INSERT ON {table.name} WHEN {refused} {stop}"
    return triggers


def _postgresql_triggers() -> dict[str, str]:
    """Trigger name → its DDL; the first makes the function that the triggers call."""
    triggers = {
        "ledger_refuse_change": """
        CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the ledger is append-only: % takes no %', TG_TABLE_NAME, TG_OP;
        END $$"""
    }
    for table in METADATA.sorted_tables:
        name = f"{table.name}_no_change"
        triggers[name] = (
            f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()"
        )
        triggers[f"{table.name}_revoke"] = f"REVOKE UPDATE, DELETE, TRUNCATE ON {table.name} FROM PUBLIC"
    return triggers


def trigger_ddl(dialect: str) -> dict[str, str]:
    """What makes the store itself refuse changes, by name, in the order in which it must run."""
    return _sqlite_triggers() if dialect == "sqlite" else _postgresql_triggers()


def missing_triggers(connection: Connection) -> list[str]:
    """Names of the triggers that no longer stand as they were made, so that changes would be let through."""
    if connection.dialect.name != "sqlite":
        standing = set(connection.scalars(text("SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'")))
        return [name for name in _postgresql_triggers() if name.endswith("_no_change") and name not in standing]
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    made = {row.name: row.sql for row in rows}
    return [name for name, sql in _sqlite_triggers().items() if made.get(name) != sql]


def open_engine(url: str) -> Engine:
    """An engine on the ledger that ``url`` names, made with its schema where it is missing.

    Raises SettingsError where the URL cannot be read or the place cannot be written.
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
            if not inspect(connection).has_table(POSTINGS.name):
                raise SettingsError(f"{path} is there and holds no ledger; name another file, or take this one away")
        return engine
    engine = _postgresql_engine(parsed)
    with writing(engine) as connection:
        if not inspect(connection).has_table(POSTINGS.name):
            _create_schema(connection)
    return engine


def _postgresql_engine(url: URL) -> Engine:
    try:
        return create_engine(url, poolclass=NullPool)
    except (ImportError, exc.ArgumentError) as error:
        raise SettingsError(f"the ledger's URL {_shown(url)} needs a driver that is not installed: {error}") from error


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        raise SettingsError(
            "INCENTIVES_LEDGER_URL is no SQLAlchemy URL; write it like sqlite:////var/ledger/ledger.sqlite "
            "or postgresql+psycopg://user@host/database"
        ) from error
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingsError(f"the ledger's URL {_shown(parsed)} names a database other than SQLite and PostgreSQL")
    return parsed


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


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
            _create_schema(connection)
        path.hardlink_to(new)
        sync(path.parent)
    except FileExistsError:
        pass  # Another process made it in the meantime, as whole as this one.
    finally:
        new.unlink(missing_ok=True)


def _create_schema(connection: Connection) -> None:
    METADATA.create_all(connection)
    for ddl in trigger_ddl(connection.dialect.name).values():
        connection.execute(text(ddl))  # Not the driver's own words: PostgreSQL's drivers would read a % in them.


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
            connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('ledger of postings'))"))
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
    except exc.OperationalError as error:
        if "locked" in str(error.orig) or "lock timeout" in str(error.orig):
            raise BusyError(f"another process is writing to the ledger {place}; try again when it has ended") from error
        raise SettingsError(
            f"the ledger {place} cannot be used: {_first_line(error.orig)}; see to path, rights and disk"
        ) from error
    except exc.DatabaseError as error:
        raise SettingsError(f"the ledger {place} cannot be used: {_first_line(error.orig)}") from error


def _first_line(error: object) -> str:
    return str(error).strip().split("\n", 1)[0]


def rows_of(connection: Connection, statement: Executable) -> Iterator[tuple[Any, ...]]:
    """The rows of a query as plain tuples, fetched as they are used."""
    return map(tuple, connection.execute(statement, execution_options={"stream_results": True}))
