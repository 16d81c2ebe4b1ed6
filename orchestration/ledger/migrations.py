"""How the ledger's schema came to be, step by step, and how a ledger of an earlier version gets the steps it lacks.

A step only adds tables, and what they refuse: no step ever rewrites a row, so an upgrade cannot touch what was posted.
Does not belong here: what the tables hold (``tables``) and refuse (``refusals``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, Table, func, insert, inspect, select, text

from orchestration.errors import SettingsError
from orchestration.ledger.refusals import row_number_ddl, trigger_ddl
from orchestration.ledger.tables import (
    ADJUSTMENT_DECISIONS,
    ADJUSTMENTS,
    CHECKPOINTS,
    ENTRIES,
    METADATA,
    PAYOUT_FILES,
    PAYOUT_LINES,
    PAYOUT_STATES,
    PAYOUTS,
    POSTINGS,
    SCHEMA_VERSIONS,
    USED_TERMS,
)


class Migration(NamedTuple):
    """One step of the schema: its version, what it brings, the tables that it adds, and those whose row numbers it guards."""

    version: int
    brings: str
    tables: tuple[Table, ...]
    guarded: tuple[Table, ...] = ()


_LEDGER: Final = (POSTINGS, ENTRIES, USED_TERMS, CHECKPOINTS)
_PAYMENTS: Final = (PAYOUTS, PAYOUT_LINES, PAYOUT_STATES, PAYOUT_FILES, ADJUSTMENTS, ADJUSTMENT_DECISIONS)

MIGRATIONS: Final = (
    Migration(1, "postings and entries, used terms, checkpoints", _LEDGER),
    Migration(2, "payouts with their lines, states and files; adjustments", _PAYMENTS),
    Migration(3, "row numbers that nobody may say again", (), (*_LEDGER, *_PAYMENTS)),
)


def schema_version(connection: Connection) -> int:
    """The version that stands; 0 where the database holds no ledger."""
    inspector = inspect(connection)
    if inspector.has_table(SCHEMA_VERSIONS.name):
        return connection.scalar(select(func.max(SCHEMA_VERSIONS.c.version))) or 0
    # The first version kept no record of itself.
    return 1 if inspector.has_table(POSTINGS.name) else 0


def is_current(connection: Connection) -> bool:
    """Whether no step is missing; SettingsError where a later version of this software made the ledger."""
    version = schema_version(connection)
    if version > MIGRATIONS[-1].version:
        raise SettingsError(
            f"the ledger's schema has version {version}, and this software knows {MIGRATIONS[-1].version}: upgrade it"
        )
    return version == MIGRATIONS[-1].version


def migrate(connection: Connection) -> None:
    """Takes the steps that are missing, in the caller's transaction."""
    standing = schema_version(connection)
    if not inspect(connection).has_table(SCHEMA_VERSIONS.name):
        _create(connection, (SCHEMA_VERSIONS,))
        for migration in MIGRATIONS[:standing]:
            _record(connection, migration)
    for migration in MIGRATIONS[standing:]:
        _create(connection, migration.tables)
        for ddl in row_number_ddl(connection.dialect.name, migration.guarded).values():
            connection.execute(text(ddl))
        _record(connection, migration)


def _create(connection: Connection, tables: tuple[Table, ...]) -> None:
    METADATA.create_all(connection, tables=tables)
    for ddl in trigger_ddl(connection.dialect.name, tables).values():
        connection.execute(text(ddl))  # Not the driver's own words: PostgreSQL's drivers would read a % in them.


def _record(connection: Connection, migration: Migration) -> None:
    recorded_at = datetime.now(UTC).isoformat(timespec="seconds")
    values = {"version": migration.version, "brings": migration.brings, "recorded_at": recorded_at}
    connection.execute(insert(SCHEMA_VERSIONS).values(**values))
