"""What partners and referrers are shown of the ledger: provisional, approved and held, and a running balance each."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from orchestration.payout_reports import load_payouts
from orchestration.payouts.payees import payees_as_known
from orchestration.payouts.proposals import Line, Owner, Unpaid, decided
from orchestration.payouts.records import Payout, Step
from orchestration.reports import PARTNER_INCENTIVE_PAYOUTS, REFERRAL_REWARD_LEDGER
from orchestration.settings import Settings

WAREHOUSE = """
    create schema ledger; create schema terms; create schema marts;
    create table ledger.ledger_entries (entry_no bigint, posting_no bigint, as_of date, entry_type varchar, program_id varchar,
        period varchar, beneficiary_type varchar, beneficiary_id varchar, subject_id varchar, component varchar,
        instrument varchar, amount_cents bigint);
    create table terms.programs as select 'friends' as program_id, 'referral_reward' as kind
        union all select 'growth', 'incremental_daily_gmv';
    create table marts.referral_conversions as
        select 'friends' as program_id, 'Bob' as referee_id, 'Ann' as referrer_id, 'FINAL' as status;
"""


def warehouse(entries: list[tuple[Any, ...]]) -> duckdb.DuckDBPyConnection:
    """A warehouse with these entries: type, program, beneficiary, subject, component, instrument and cents."""
    connection = duckdb.connect()
    connection.execute(WAREHOUSE)
    for number, (kind, program, beneficiary, subject, component, instrument, cents) in enumerate(entries, start=1):
        role = "MEMBER" if program == "friends" else "PARTNER"
        row = (number, 1, "2025-10-02", kind, program, "2025", role, beneficiary, subject, component, instrument, cents)
        connection.execute(f"insert into ledger.ledger_entries values ({', '.join('?' * 12)})", row)
    return connection


def accepted_partners(settings: Settings, landed_on: str, rows: list[tuple[Any, ...]]) -> None:
    """Rows of partners as acceptance leaves them: id, payee, tax form and day of the update."""
    folder = settings.accepted / "partners" / f"landed_on={landed_on}"
    folder.mkdir(parents=True)
    columns = ["partner_id", "payee_id", "tax_form_on_file", "updated_at"]
    pl.DataFrame(rows, schema=columns, orient="row").write_parquet(folder / "part-0.parquet")


def test_what_partners_are_owed_and_what_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path))
    settings = Settings.from_environment()
    connection = warehouse(
        [
            ("ACCRUE", "growth", "P1", "", "daily_gmv", "CASH", 500),
            ("RELEASE", "growth", "P1", "", "daily_gmv", "CASH", 100),
            ("APPROVE", "growth", "P1", "", "daily_gmv", "CASH", 300),
            ("ADJUST", "growth", "P1", "", "daily_gmv", "CASH", 70),
            ("CLAWBACK", "growth", "P1", "", "daily_gmv", "CASH", 20),
            *(("ADJUST", "growth", partner, "", "daily_gmv", "CASH", 5) for partner in ("P2", "P3", "P4")),
            ("ADJUST", "growth", "P3", "", "daily_gmv", "AD_CREDIT", 5),
            ("ACCRUE", "growth", "P5", "", "daily_gmv", "CASH", 5),
            ("ACCRUE", "friends", "Ann", "Bob", "referral", "SHOP_CREDIT", 5),
        ]
    )
    rows = [
        ("P1", "payee", True, date(2025, 10, 2)),
        ("P1", None, False, date(2025, 10, 1)),
        ("P2", None, True, date(2025, 10, 1)),
        ("P3", "payee", False, date(2025, 10, 1)),
    ]
    accepted_partners(settings, "2025-10-03", rows)
    # What lands later is not known yet, and the folder of the schema holds no rows that count.
    accepted_partners(settings, "2025-10-04", [("P2", "payee", True, date(2025, 10, 4))])
    accepted_partners(settings, "0001-01-01", [("P2", "payee", True, date(2025, 10, 4))])
    payees = payees_as_known(settings, date(2025, 10, 3))
    payable = {
        Owner("PARTNER", partner, instrument): [Line("growth", "2025", "", "daily_gmv", cents)]
        for partner, instrument, cents in (
            ("P1", "CASH", 5_000),
            ("P2", "CASH", 5),
            ("P3", "CASH", 5),
            ("P4", "CASH", 5),
        )
    }
    decisions = decided(payable, payees, {}, date(2025, 10, 15))
    load_payouts(connection, [], [one for one in decisions if isinstance(one, Unpaid)])
    connection.execute(PARTNER_INCENTIVE_PAYOUTS)
    assert connection.execute(
        """select partner_id, instrument, provisional_cents, approved_cents, paid_cents, open_cents, hold_reason
        from ledger.partner_incentive_payouts order by all"""
    ).fetchall() == [
        ("P1", "CASH", 100, 350, 0, 350, None),
        ("P2", "CASH", 0, 5, 0, 5, "payee_id is missing"),
        ("P3", "AD_CREDIT", 0, 5, 0, 5, None),  # credits need no tax form
        ("P3", "CASH", 0, 5, 0, 5, "tax form is missing"),
        ("P4", "CASH", 0, 5, 0, 5, "payee_id is missing"),  # nobody knows it
        ("P5", "CASH", 5, 0, 0, 0, None),  # nothing to hold yet
    ]


def test_what_was_paid_of_each_program_is_no_longer_open() -> None:
    connection = warehouse(
        [
            ("ADJUST", "growth", "P1", "", "daily_gmv", "CASH", 9_000),
            ("ADJUST", "growth", "P1", "a video", "videos", "CASH", 500),
            ("GRANT", "manual:goodwill", "P1", "adj-1", "adjustment", "CASH", 700),
            ("CHARGE", "manual:goodwill", "P1", "adj-2", "adjustment", "CASH", 100),
            ("ACCRUE", "growth", "P2", "", "daily_gmv", "CASH", 5),
            ("RELEASE", "growth", "P2", "", "daily_gmv", "CASH", 5),
        ]
    )
    lines = (Line("growth", "2025", "", "daily_gmv", 8_000), Line("growth", "2025", "a video", "videos", 500))
    owner, day = Owner("PARTNER", "P1", "CASH"), date(2025, 10, 15)
    steps = [Step("PROPOSED", "ann", "", None, ""), Step("APPROVED", "bob", "", None, "")]
    paid = [*steps, Step("EXPORTED", "cid", "", 2, "")]
    returned = [*paid, Step("FAILED", "cid", "", 3, "")]
    payouts = [
        Payout(name, owner, day, "payee", 8_500, 1, lines, tuple(went))
        for name, went in (("waits", steps), ("was paid", paid), ("came back", returned))
    ]
    load_payouts(connection, payouts, [])
    connection.execute(PARTNER_INCENTIVE_PAYOUTS)
    # 90.00 and 5.00 approved, 85.00 paid by the one payout that stands paid; by hand 7.00 - 1.00; P2's row is nothing.
    assert connection.execute(
        "select program_id, approved_cents, paid_cents, open_cents from ledger.partner_incentive_payouts order by all"
    ).fetchall() == [("growth", 9_500, 8_500, 1_000), ("manual:goodwill", 600, 0, 600)]


def test_what_referrers_earn_entry_by_entry() -> None:
    connection = warehouse(
        [
            ("ACCRUE", "friends", "Ann", "Bob", "referral", "SHOP_CREDIT", 50),
            ("ACCRUE", "friends", "Cat", "Dan", "referral", "SHOP_CREDIT", 50),
            ("APPROVE", "friends", "Ann", "Bob", "referral", "SHOP_CREDIT", 50),
            ("ADJUST", "friends", "Ann", "3", "milestone", "SHOP_CREDIT", 30),
            ("RELEASE", "friends", "Cat", "Dan", "referral", "SHOP_CREDIT", 50),
            ("CLAWBACK", "friends", "Ann", "3", "milestone", "SHOP_CREDIT", 30),
            ("ACCRUE", "growth", "P1", "", "daily_gmv", "CASH", 500),
            # Until Ann's earlier invitation landed, Bob was Eve's: his status is none of hers.
            ("ACCRUE", "friends", "Eve", "Bob", "referral", "SHOP_CREDIT", 50),
        ]
    )
    connection.execute(REFERRAL_REWARD_LEDGER)
    assert connection.execute(
        """select entry_no, referrer_id, referee_id, milestone, status, balance_cents
        from ledger.referral_reward_ledger order by entry_no"""
    ).fetchall() == [
        (1, "Ann", "Bob", None, "FINAL", 50),
        (2, "Cat", "Dan", None, None, 50),
        (3, "Ann", "Bob", None, "FINAL", 50),
        (4, "Ann", None, "3", None, 80),
        (5, "Cat", "Dan", None, None, 0),
        (6, "Ann", None, "3", None, 50),
        (8, "Eve", "Bob", None, None, 50),
    ]
