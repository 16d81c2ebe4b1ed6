"""What makes the database itself refuse every change but the next row, in the words of each dialect.

Does not belong here: the checks on a row's own columns (``tables``).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from orchestration.ledger.chain import GENESIS
from orchestration.ledger.entries import AWARDS
from orchestration.ledger.tables import CHECKPOINTS, ENTRIES, METADATA, POSTINGS, USED_TERMS

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
