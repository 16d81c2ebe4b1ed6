"""What is changed behind the back of payouts is found and named (rulebook 3 and 4)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from ledger_by_hand import DEBTOR, PAYEES, desk_of, final, owed

from orchestration.errors import RefusedError
from orchestration.ledger.ledger import Ledger
from orchestration.payouts import audit, payouts

DAY = date(2026, 1, 15)
P1, P2 = "PARTNER:P1|CASH|2026-01-15", "PARTNER:P2|CASH|2026-01-15"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """P1 was paid 100.00, P2's 90.00 came back."""
    found = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    owed(found, "2026-01-15", final(10_000), final(9_000, beneficiary_id="P2"))
    desk = desk_of(found)
    desk.propose(DAY, PAYEES, "ann")
    desk.approve([P1, P2], "bob")
    desk.export(DAY, PAYEES, DEBTOR, "cid")
    desk.fail([P2], "cid", "account closed", DAY)
    return found


TAMPERINGS: dict[str, tuple[str, str]] = {
    "another payee": (f"UPDATE payouts SET payee_id = 'eve' WHERE payout_id = '{P1}'", "rests on other"),
    "another amount": (f"UPDATE payouts SET amount_cents = 20000 WHERE payout_id = '{P1}'", "lines sum to 10000"),
    "another day": (f"UPDATE payouts SET payout_day = '2026-01-16' WHERE payout_id = '{P1}'", "does not say"),
    "another line": (f"UPDATE payout_lines SET amount_cents = 1 WHERE payout_id = '{P1}'", "sum to 1"),
    "a line of another award": (f"UPDATE payout_lines SET period = 'x' WHERE payout_id = '{P1}'", "was payable"),
    "a line is gone": (f"DELETE FROM payout_lines WHERE payout_id = '{P1}'", "sum to 0"),
    "another approver": ("UPDATE payout_states SET by_name = 'eve' WHERE state = 'APPROVED'", "rests on other"),
    "approved by the proposer": ("UPDATE payout_states SET by_name = 'Ann' WHERE state = 'APPROVED'", "proposed and"),
    "another payer": ("UPDATE payout_states SET by_name = 'eve' WHERE state = 'EXPORTED'", "rests on other"),
    "a state of no payout": (
        "INSERT INTO payout_states VALUES ('x', 'PROPOSED', NULL, 'a', '', NULL, '')",
        "states of x",
    ),
    "a line of no payout": ("INSERT INTO payout_lines VALUES ('x', 'p', 'q', '', 'c', 1)", "lines of x"),
    "a second PAY entry": (
        "DROP INDEX one_pay_and_one_return_a_payout;"
        "CREATE INDEX last_first ON entries (payout_id, entry_type, beneficiary_type, beneficiary_id, instrument,"
        " amount_cents DESC, posting_no);"
        "INSERT INTO entries SELECT 99, posting_no, entry_type, program_id, period, beneficiary_type, beneficiary_id,"
        " subject_id, component, instrument, payout_id, debit_account, credit_account, 10001"
        f" FROM entries WHERE payout_id = '{P1}'",
        f"more than one PAY entry of {P1}",
    ),
    "the approval is gone": (f"DELETE FROM payout_states WHERE state = 'APPROVED' AND payout_id = '{P1}'", "no life"),
    "the failure is gone": ("DELETE FROM payout_states WHERE state = 'FAILED'", "RETURN entry"),
    "another reason of a failure": ("UPDATE payout_states SET reason = 'x' WHERE state = 'FAILED'", "rests on other"),
    "a payout is gone": (
        f"DELETE FROM payout_states WHERE payout_id = '{P1}'; DELETE FROM payout_lines WHERE payout_id = '{P1}';"
        f"DELETE FROM payouts WHERE payout_id = '{P1}'",
        "no such payout",
    ),
    "a PAY entry is gone": (f"DELETE FROM entries WHERE payout_id = '{P1}'", "wants the PAY entry"),
    "a PAY entry of another amount": (f"UPDATE entries SET amount_cents = 1 WHERE payout_id = '{P1}'", "wants the PAY"),
    "another file": ("UPDATE payout_files SET content = x'00'", "no longer has its hash"),
    "another file with its hash": (
        "UPDATE payout_files SET content = x'00', "
        "sha256 = '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d' WHERE name = 'cash.csv'",
        "rests on other",
    ),
    "a file is gone": ("DELETE FROM payout_files WHERE name = 'cash.csv'", "rests on other"),
    "files of no export": ("UPDATE payout_files SET posting_no = 1", "no PAY posting"),
}


def test_nothing_is_wrong_before_anything_is_touched(ledger: Ledger) -> None:
    assert desk_of(ledger).faults() == [] and ledger.verify() == []


def test_what_the_first_version_paid_is_sound_and_guarded_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Its postings told no payer."""
    whole = audit.inputs_hash_of_pay
    monkeypatch.setattr(payouts, "inputs_hash_of_pay", lambda paid, files: whole([(one,) for one, _ in paid], files))
    desk = desk_of(request.getfixturevalue("ledger"))
    assert desk.faults() == []
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as raw:
        raw.execute("DROP TRIGGER payouts_no_update")
        raw.execute("UPDATE payouts SET payee_id = 'eve'")
    assert any("posting 2 (PAY) rests on other" in fault for fault in desk.faults()), desk.faults()


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=str)
def test_every_tampering_is_found_and_named(ledger: Ledger, tmp_path: Path, tampering: str) -> None:
    statement, told = TAMPERINGS[tampering]
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.executescript(statement)
    assert any(told in fault for fault in desk_of(ledger).faults()), desk_of(ledger).faults()


@pytest.mark.parametrize("table", ["payout_states", '"Payout_States"', "PAYOUT_STATES"])
def test_a_trigger_that_approves_by_itself_is_named(ledger: Ledger, tmp_path: Path, table: str) -> None:
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as raw:
        raw.execute(
            f"CREATE TRIGGER helpful AFTER INSERT ON {table} WHEN NEW.state = 'PROPOSED' BEGIN "
            "INSERT INTO payout_states VALUES (NEW.payout_id, 'APPROVED', 'PROPOSED', 'bob', '', NULL, ''); END"
        )
    assert [fault.split(",")[0] for fault in ledger.verify()] == ["the store has the trigger helpful"]


def test_a_day_that_is_none_is_named(ledger: Ledger, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("UPDATE payouts SET payout_day = '2026-02-30'")
        raw.execute("UPDATE postings SET as_of = '2026-13-01' WHERE kind = 'AWARDS'")
    for asked in (desk_of(ledger).faults, desk_of(ledger).payouts, ledger.last_awards_day):
        with pytest.raises(RefusedError, match=r"names the day '2026-(02-30|13-01)', which is none"):
            asked()


REFUSED: dict[str, Callable[[], str]] = {
    "a second proposal": lambda: f"INSERT INTO payout_states VALUES ('{P1}', 'PROPOSED', NULL, 'x', '', NULL, 'now')",
    "a step that does not follow": lambda: (
        f"INSERT INTO payout_states VALUES ('{P1}', 'CANCELLED', 'APPROVED', 'x', '', NULL, 'now')"
    ),
    "a step after the end": lambda: (
        f"INSERT INTO payout_states VALUES ('{P2}', 'SETTLED', 'EXPORTED', 'x', '', NULL, 'now')"
    ),
    "a line of a payout that is whole": lambda: f"INSERT INTO payout_lines VALUES ('{P1}', 'p', 'q', '', 'c', 1)",
    "a payout again": lambda: "INSERT OR REPLACE INTO payouts SELECT * FROM payouts LIMIT 1",
    "another payee": lambda: "UPDATE payouts SET payee_id = 'eve'",
    "a file again": lambda: "INSERT OR REPLACE INTO payout_files SELECT * FROM payout_files LIMIT 1",
    "a state taken back": lambda: "DELETE FROM payout_states WHERE state = 'FAILED'",
}


@pytest.mark.parametrize("change", REFUSED, ids=str)
def test_the_database_itself_refuses(ledger: Ledger, tmp_path: Path, change: str) -> None:
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as raw:
        raw.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(REFUSED[change]())
