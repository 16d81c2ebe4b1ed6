"""What makes the database itself refuse every change but the next row, in the words of each dialect.

Does not belong here: the checks on a row's own columns (``tables``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, Index, PrimaryKeyConstraint, Table, UniqueConstraint, inspect, text

from orchestration.ledger.chain import GENESIS
from orchestration.ledger.entries import AWARDS
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

# What may not be appended. SQLite's INSERT OR REPLACE deletes the row it replaces without asking a DELETE trigger, so
# every unique key is asked for here; the next number and no other leaves no gap, and no way into a sealed posting. In the
# words of SQLite, whose IS compares any two values; of PostgreSQL's triggers they become the condition too.
_APPENDS: Final = {
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
    PAYOUTS: """
        NEW.head_posting_no IS NOT (SELECT max(posting_no) FROM postings)
        OR EXISTS (SELECT 1 FROM payouts WHERE payout_id = NEW.payout_id)""",
    # Lines come before the payout's first state, and with it the payout is whole.
    PAYOUT_LINES: """
        EXISTS (SELECT 1 FROM payout_states WHERE payout_id = NEW.payout_id)
        OR EXISTS (
            SELECT 1 FROM payout_lines
            WHERE payout_id = NEW.payout_id AND program_id = NEW.program_id AND period = NEW.period
                AND subject_id = NEW.subject_id AND component = NEW.component)""",
    PAYOUT_STATES: """
        EXISTS (
            SELECT 1 FROM payout_states
            WHERE payout_id = NEW.payout_id AND (state = NEW.state OR previous_state IS NEW.previous_state))
        OR (NEW.state = 'PROPOSED' AND (
            SELECT amount_cents FROM payouts WHERE payout_id = NEW.payout_id
        ) IS NOT (SELECT sum(amount_cents) FROM payout_lines WHERE payout_id = NEW.payout_id))
        OR (NEW.state = 'APPROVED' AND NEW.by_name IS (
            SELECT by_name FROM payout_states WHERE payout_id = NEW.payout_id AND state = 'PROPOSED'))""",
    PAYOUT_FILES: """
        EXISTS (SELECT 1 FROM payout_files WHERE posting_no = NEW.posting_no AND name = NEW.name)""",
    ADJUSTMENTS: """
        EXISTS (SELECT 1 FROM adjustments WHERE adjustment_id = NEW.adjustment_id)""",
    ADJUSTMENT_DECISIONS: """
        EXISTS (SELECT 1 FROM adjustment_decisions WHERE adjustment_id = NEW.adjustment_id)
        OR (NEW.posting_no IS NOT NULL
            AND EXISTS (SELECT 1 FROM adjustment_decisions WHERE posting_no = NEW.posting_no))
        OR (NEW.decision = 'APPROVED' AND NEW.by_name IS (
            SELECT requested_by FROM adjustments WHERE adjustment_id = NEW.adjustment_id))""",
    SCHEMA_VERSIONS: """
        NEW.version IS NOT (SELECT coalesce(max(version), 0) + 1 FROM schema_versions)""",
}


def _sqlite_triggers(tables: Iterable[Table]) -> dict[str, str]:
    """Trigger name → its DDL."""
    triggers = {}
    for table in tables:
        refused = _APPENDS[table]
        message = f"the ledger is append-only: {table.name} takes the next row and no other change"
        stop = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        for verb in ("update", "delete"):
            name = f"{table.name}_no_{verb}"
            triggers[name] = f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table.name} {stop}"
        name = f"{table.name}_append"
        triggers[name] = f"CREATE TRIGGER {name} BEFORE INSERT ON {table.name} WHEN {refused} {stop}"
    return triggers


def row_number_ddl(dialect: str, tables: Iterable[Table]) -> dict[str, str]:
    """What keeps SQLite's own number of a row from being said twice, by name: with OR REPLACE the row that has it would go.

    Where the primary key is that number, ``_APPENDS`` asks for it; PostgreSQL has none.
    """
    triggers = {}
    for table in tables if dialect == "sqlite" else ():
        if [column.type.python_type for column in table.primary_key] != [int]:
            name = f"{table.name}_row_number"
            # A row that comes without one has the number -1 here, which no row gets unless somebody says it.
            refused = f"EXISTS (SELECT 1 FROM {table.name} WHERE rowid = NEW.rowid)"
            message = f"the ledger is append-only: {table.name} takes the next row and no other change"
            triggers[name] = (
                f"CREATE TRIGGER {name} BEFORE INSERT ON {table.name} WHEN {refused} "
                f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )
    return triggers


# Entries come by the thousand, so PostgreSQL asks once for all rows of a statement. Their primary key leaves no number twice,
# not to two sessions at once either, and one_pay_and_one_return_a_payout no payout.
_POSTGRESQL_ENTRIES: Final = """
        EXISTS (
            SELECT 1
            FROM (
                SELECT count(*) AS rows, min(entry_no) AS first, max(entry_no) AS last,
                    min(posting_no) AS lowest, max(posting_no) AS highest
                FROM added
            ) AS these
            WHERE rows = 0 OR last - first + 1 <> rows
                OR first <> (SELECT coalesce(max(entry_no), 0) + 1 FROM entries WHERE entry_no < first)
                OR last <> (SELECT max(entry_no) FROM entries)
                OR lowest <> highest
                OR highest <> (SELECT coalesce(max(posting_no), 0) + 1 FROM postings))"""

_STOP: Final = (
    "RAISE EXCEPTION 'the ledger is append-only: % takes the next row and no other change', TG_TABLE_NAME "
    "USING ERRCODE = 'integrity_constraint_violation';"
)

LOCK: Final = "pg_advisory_xact_lock(hashtext('ledger of postings'))"
"""What a writer on PostgreSQL holds until its transaction ends."""


def _postgresql_triggers(tables: Iterable[Table]) -> dict[str, str]:
    """Name → DDL of the triggers and the functions that they call, to the letter as PostgreSQL itself gives it back."""
    # Functions look for tables here and nowhere else: a session's own temporary table of the same name deceives none.
    triggers = {
        "ledger_search_path": "SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)",
        "ledger_refuse_change": _postgresql_function("ledger_refuse_change", _STOP),
    }
    for table in tables:
        name, function = f"{table.name}_append", f"{table.name}_next_row"
        if table is ENTRIES:
            refused, before = _POSTGRESQL_ENTRIES, ""
            when, rows = "AFTER INSERT", "REFERENCING NEW TABLE AS added FOR EACH STATEMENT"
        else:
            # Held while a row is looked at, the lock lets no two sessions pass by each other's rows.
            refused, before = _in_postgresql(_APPENDS[table]), f"PERFORM {LOCK};\n    "
            when, rows = "BEFORE INSERT", "FOR EACH ROW"
        triggers[function] = _postgresql_function(
            function, f"{before}IF {refused} THEN\n        {_STOP}\n    END IF;\n    RETURN NEW;"
        )
        triggers[name] = f"CREATE TRIGGER {name} {when} ON {table.name} {rows} EXECUTE FUNCTION {function}()"
        change = f"{table.name}_no_change"
        triggers[change] = (
            f"CREATE TRIGGER {change} BEFORE DELETE OR UPDATE OR TRUNCATE ON {table.name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()"
        )
        for trigger in (name, change):  # Where a session asks that triggers rest, as for replication, too.
            triggers[f"{trigger}_always"] = f"ALTER TABLE {table.name} ENABLE ALWAYS TRIGGER {trigger}"
    return triggers


def _postgresql_function(name: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}()\n RETURNS trigger\n LANGUAGE plpgsql\n SET search_path FROM CURRENT\n"
        f"AS $function$\nBEGIN\n    {body}\nEND\n$function$\n"
    )


def _in_postgresql(refused: str) -> str:
    """A condition in the words of PostgreSQL, whose IS compares with NULL alone."""
    refused = re.sub(r"\bIS NOT(?!\s+NULL\b)", "IS DISTINCT FROM", refused)
    return re.sub(r"\bIS(?!\s+(?:NOT|NULL|DISTINCT)\b)", "IS NOT DISTINCT FROM", refused)


_POSTGRESQL_STANDING: Final = text("""
    WITH ledger AS (
        SELECT n.oid, quote_ident(nspname) || '.' AS prefix, quote_literal(nspname) AS name
        FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
        WHERE c.oid = to_regclass('postings')
    )
    SELECT tgname, replace(pg_get_triggerdef(t.oid), prefix, '')
    FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN ledger l ON c.relnamespace = l.oid
    WHERE tgenabled = 'A' AND pg_table_is_visible(c.oid)
    UNION ALL
    SELECT proname, replace(
        replace(pg_get_functiondef(p.oid), 'CREATE OR REPLACE FUNCTION ' || prefix, 'CREATE OR REPLACE FUNCTION '),
        ' SET search_path TO ' || name || ', ' || quote_literal('pg_temp'), ' SET search_path FROM CURRENT')
    FROM pg_proc p JOIN ledger l ON pronamespace = l.oid
    WHERE prokind = 'f' AND pronargs = 0""")

_POSTGRESQL_TRIGGERS: Final = text("""
    SELECT tgname, relname
    FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
    WHERE NOT tgisinternal AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('postings'))
    UNION ALL
    SELECT rulename || ' (a rule)', relname
    FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
    WHERE relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('postings'))""")


def trigger_ddl(dialect: str, tables: Iterable[Table]) -> dict[str, str]:
    """What makes the store itself refuse changes of these tables, by name, in the order in which it must run."""
    return _sqlite_triggers(tables) if dialect == "sqlite" else _postgresql_triggers(tables)


def missing_triggers(connection: Connection) -> list[str]:
    """Names of the triggers that no longer stand as they were made, so that changes would be let through."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        tables = METADATA.sorted_tables
        wanted = _sqlite_triggers(tables) | row_number_ddl("sqlite", tables)
    else:
        rows = connection.execute(_POSTGRESQL_STANDING)
        ddl = _postgresql_triggers(METADATA.sorted_tables)
        wanted = {name: words for name, words in ddl.items() if words.startswith("CREATE")}
    made = {row[0]: row[1] for row in rows}
    return [name for name, words in wanted.items() if made.get(name) != words]


def missing_keys(connection: Connection) -> list[str]:
    """Tables with the columns whose values they would take twice now, by two sessions at once if not by one."""
    inspector, names, where = inspect(connection), list(METADATA.tables), f"{connection.dialect.name}_where"
    standing: set[tuple[str, frozenset[str | None], str]] = set()
    for (_, table), indexes in inspector.get_multi_indexes(filter_names=names).items():
        for index in indexes:
            condition = _bare(index.get("dialect_options", {}).get(where))
            standing |= {(table, frozenset(index["column_names"]), condition)} if index["unique"] else set()
    for (_, table), constraints in inspector.get_multi_unique_constraints(filter_names=names).items():
        standing |= {(table, frozenset(constraint["column_names"]), "") for constraint in constraints}
    for (_, table), key in inspector.get_multi_pk_constraint(filter_names=names).items():
        standing |= {(table, frozenset(key["constrained_columns"]), "")} if key else set()
    wanted = [
        (table.name, list(key.columns.keys()), _bare(key.dialect_kwargs.get(where) if isinstance(key, Index) else None))
        for table in METADATA.sorted_tables
        for key in (*table.indexes, *table.constraints)
        if isinstance(key, UniqueConstraint | PrimaryKeyConstraint) or (isinstance(key, Index) and key.unique)
    ]
    missing = [(name, names) for name, names, only in wanted if (name, frozenset(names), only) not in standing]
    return sorted(f"{name} ({', '.join(columns)})" for name, columns in missing)


def _bare(condition: object) -> str:
    """The condition of an index without what PostgreSQL adds to it: parentheses, and the type of each text."""
    found = "" if condition is None else str(condition).replace("'::text", "'")
    return found[1:-1] if found.startswith("(") else found


def strange_triggers(connection: Connection) -> list[str]:
    """Names of the triggers on the ledger's tables that it did not make: they would add rows of their own to what people do.

    On PostgreSQL also of rules, which do the same.
    """
    if connection.dialect.name == "sqlite":
        # Of a table's name SQLite keeps the letters in which the trigger was made, and reads them in any case.
        rows = connection.execute(text("SELECT name, lower(tbl_name) FROM sqlite_master WHERE type = 'trigger'"))
    else:
        rows = connection.execute(_POSTGRESQL_TRIGGERS)
    standing: list[tuple[str, str]] = [(row[0], row[1]) for row in rows]
    dialect, tables = connection.dialect.name, METADATA.sorted_tables
    made = trigger_ddl(dialect, tables) | row_number_ddl(dialect, tables)
    # On PostgreSQL one name may stand on several tables.
    return sorted(
        name for name, table in standing if table in METADATA.tables and f" ON {table} " not in made.get(name, "")
    )
