"""Whoever edits a column of the ledger's database, whatever they write: the audits name it, and none of them breaks down.

Does not belong here: what each tampering is called (``test_payout_audit``, ``test_adjustments``, ``tests/ledger/test_verify``).
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from ledger_by_hand import DEBTOR, PAYEES, desk_of, final, owed

from orchestration.errors import IncentivesError
from orchestration.ledger.adjustments import Adjustments, Request
from orchestration.ledger.ledger import Ledger
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Proposal

DAY = date(2026, 1, 15)
VALUES = ("x", "PAY", 0, None)
CLOCKS = {"recorded_at", "brings"}
"""Columns that tell people when and why, and no cent."""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A ledger with a payout that failed, one that settled, one that waits, and an adjustment; it refuses no change."""
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger.open(f"sqlite:///{path}")
    owed(ledger, "2026-01-15", final(10_000), final(9_000, beneficiary_id="P2"))
    desk, adjustments = desk_of(ledger), Adjustments.open(f"sqlite:///{path}")
    first, second = (made.payout_id for made in desk.propose(DAY, PAYEES, "ann") if isinstance(made, Proposal))
    desk.approve([first, second], "bob")
    desk.export(DAY, PAYEES, DEBTOR, "cid")
    desk.fail([first], "cid", "shut", DAY)
    desk.settle([second], "cid")
    grant = Request("GRANT", "goodwill", "PARTNER", "P1", "CASH", 500, "n", "e.txt", "0" * 64)
    adjustments.approve([adjustments.ask(grant, "ann").adjustment_id], "bob", DAY)
    desk.propose(date(2026, 2, 15), PAYEES, "ann")
    assert list(faults(path)) == []
    with closing(sqlite3.connect(path)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.commit()
    return path


def faults(path: Path) -> Iterator[str]:
    """What the audits say of the entries, payouts and adjustments."""
    url = f"sqlite:///{path}"
    for audit in (Ledger.open(url).verify, Payouts.open(url).faults, Adjustments.open(url).faults):
        try:
            yield from (fault for fault in audit() if "refuses" not in fault and "trigger" not in fault)
        except IncentivesError as error:
            yield str(error)


def edits(path: Path) -> Iterator[tuple[str, str, object]]:
    with closing(sqlite3.connect(path)) as raw:
        tables = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for column in raw.execute("SELECT name FROM pragma_table_info(?)", [table]).fetchall():
                yield from ((table, column[0], value) for value in VALUES)


def test_each_is_named(database: Path, tmp_path: Path) -> None:
    tried, unseen = 0, set()
    for number, (table, column, value) in enumerate(list(edits(database))):
        edited = shutil.copy(database, tmp_path / f"edited-{number}.sqlite")
        with closing(sqlite3.connect(edited)) as raw:
            raw.execute("PRAGMA ignore_check_constraints = ON")
            try:
                raw.execute(f"UPDATE {table} SET {column} = ? WHERE {column} IS NOT ?", [value, value])
            except sqlite3.IntegrityError:  # a key that would stand twice, or nothing where there must be something
                continue
            changed = raw.total_changes
            raw.commit()
        tried += 1
        if changed and not list(faults(edited)):
            unseen.add(column)
        edited.unlink()
    assert tried > 150 and unseen == CLOCKS
