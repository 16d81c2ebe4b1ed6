"""What the store refuses by itself on SQLite, to whoever connects, and how it is made."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from awards_by_hand import ledger_in, post, provisional

from orchestration.errors import SettingsError
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.tables import ENTRIES, POSTINGS


@pytest.fixture
def raw(sqlite_ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """A bare connection to a ledger of two postings: no foreign keys asked for, nothing of ours in between."""
    monkeypatch.setattr("orchestration.ledger.positions.LEAST_ENTRIES", 1)
    sqlite_ledger.post_awards(date(2025, 10, 2), [provisional(5)], "i", "t", {("program", 1): "hash"})
    post(sqlite_ledger, "2025-10-03", provisional(8))
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as connection:
        yield connection


@pytest.mark.parametrize("table", ["postings", "entries", "used_terms", "checkpoints"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {table} SET {column} = {column}",
        "UPDATE OR REPLACE {table} SET {column} = {column}",
        "UPDATE OR IGNORE {table} SET {column} = {column}",
        "DELETE FROM {table}",
        "INSERT INTO {table} SELECT * FROM {table} LIMIT 1",
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1",
        "INSERT OR IGNORE INTO {table} SELECT * FROM {table} LIMIT 1",
        "REPLACE INTO {table} SELECT * FROM {table} LIMIT 1",
        "INSERT INTO {table} SELECT * FROM {table} LIMIT 1 ON CONFLICT DO UPDATE SET {column} = {column}",
    ],
)
def test_no_row_can_be_changed_deleted_or_replaced(raw: sqlite3.Connection, table: str, change: str) -> None:
    column = raw.execute(f"SELECT name FROM pragma_table_info('{table}') LIMIT 1").fetchone()[0]
    before = raw.execute(f"SELECT * FROM {table}").fetchall()
    statement = change.format(table=table, column=column)
    if "ON CONFLICT" in change:
        statement = statement.replace("LIMIT 1 ON", "WHERE true LIMIT 1 ON")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(statement)
    assert raw.execute(f"SELECT * FROM {table}").fetchall() == before


def put(raw: sqlite3.Connection, table: str, source: int, **changed: object) -> None:
    """Insert a copy of row ``source`` with some columns changed."""
    columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
    key = columns[0]
    values = dict(zip(columns, raw.execute(f"SELECT * FROM {table} WHERE {key} = ?", [source]).fetchone(), strict=True))
    values |= changed
    raw.execute(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(columns))})", list(values.values()))


def test_nothing_enters_a_sealed_posting_and_no_number_is_left_out(raw: sqlite3.Connection) -> None:
    for changed in ({"entry_no": 3, "posting_no": 2}, {"entry_no": 4, "posting_no": 3}, {"entry_no": None}):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            put(raw, "entries", 2, **changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"amount_cents": 0},
        {"amount_cents": -5},
        {"amount_cents": "many"},
        {"entry_type": "GIFT"},
        {"instrument": "GOLD"},
        {"beneficiary_type": "FRIEND"},
        {"program_id": None},
        {"program_id": "other"},
        {"beneficiary_id": ""},
        {"payout_id": "PARTNER:P1|CASH|2025-10-15"},
        {"debit_account": "pending:PARTNER:P1"},
        {"credit_account": "payable:PARTNER:P1"},
        {"entry_type": "PAY"},
        {"entry_type": "GRANT"},
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(raw: sqlite3.Connection, changed: dict[str, object]) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        put(raw, "entries", 2, **{"entry_no": 3, "posting_no": 3, **changed})


def test_pay_and_manual_entries_have_their_place_and_a_payout_is_paid_once(raw: sqlite3.Connection) -> None:
    payout = {
        "entry_type": "PAY",
        "program_id": None,
        "period": None,
        "component": None,
        "payout_id": "PARTNER:P1|CASH|2025-10-15",
        "debit_account": "payable:PARTNER:P1",
        "credit_account": "settled:PARTNER:P1",
    }
    grant = {
        "entry_type": "GRANT",
        "program_id": "manual:goodwill",
        "debit_account": "manual:goodwill",
        "credit_account": "payable:PARTNER:P1",
    }
    put(raw, "entries", 2, entry_no=3, posting_no=3, **payout)
    put(raw, "entries", 2, entry_no=4, posting_no=3, **grant)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        put(raw, "entries", 2, entry_no=5, posting_no=3, **payout)


def test_a_posting_must_follow_on_the_one_before(raw: sqlite3.Connection) -> None:
    head = raw.execute("SELECT hash FROM postings WHERE posting_no = 2").fetchone()[0]
    put(raw, "entries", 2, entry_no=3, posting_no=3)
    right = {"posting_no": 3, "as_of": "2025-10-04", "last_entry_no": 3, "previous_hash": head, "hash": "new"}
    wrongs = (
        {"posting_no": 4},
        {"as_of": "2025-10-03"},
        {"as_of": "2025-10-01"},
        {"last_entry_no": 2},
        {"previous_hash": "x"},
        {"hash": head},
    )
    for wrong in wrongs:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            put(raw, "postings", 2, **(right | wrong))
    put(raw, "postings", 2, **right)


def test_file_and_folder_are_for_the_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        post(ledger_in(tmp_path / "new"), "2025-10-02", provisional(5))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / "ledger.sqlite").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["ledger.sqlite"]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ledger.sqlite", "is no SQLAlchemy URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://host/ledger", "other than SQLite and PostgreSQL"),
        ("postgresql+nonsense://host/ledger", "needs a driver"),
        ("postgresql+psycopg_async://host/ledger", "names another driver"),
        ("postgresql+psycopg://host:port/ledger", "is no SQLAlchemy URL"),
        ("sqlite:////dev/null/ledger.sqlite", "cannot be made"),
        ("sqlite:////proc/ledger/ledger.sqlite", "cannot be made"),
    ],
)
def test_an_unusable_url_is_one_clear_line(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        Ledger.open(url)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text("entry,amount\n" * 100)
    with pytest.raises(SettingsError, match="file is not a database"):
        ledger_in(tmp_path)


def test_a_file_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").touch()
    with pytest.raises(SettingsError, match="is there and holds no ledger"):
        ledger_in(tmp_path)
    assert (tmp_path / "ledger.sqlite").stat().st_size == 0


def test_the_password_in_a_url_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        Ledger.open("mysql://someone:secret@host/ledger")
    assert "secret" not in str(caught.value)


def test_every_statement_runs_on_the_tables_as_they_are_declared(raw: sqlite3.Connection) -> None:
    for table in (POSTINGS, ENTRIES):
        declared = [column.name for column in table.columns]
        assert [row[1] for row in raw.execute(f"PRAGMA table_info({table.name})")] == declared
