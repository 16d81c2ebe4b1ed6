"""What finance reads of the ledger: trial balance, ageing of what is owed, the journal of a posting.

Does not belong here: statements of a beneficiary (``test_statements``), what partners and referrers are shown (``test_reports``).
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from datetime import date, timedelta
from typing import Any, NamedTuple

import duckdb
import pytest
from awards_by_hand import final, post, provisional
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.assets.ledger import liability_by_program
from orchestration.errors import SettingsError
from orchestration.journal import COLUMNS, journal
from orchestration.ledger.accounts import account
from orchestration.ledger.entries import SIDES
from orchestration.ledger.ledger import Ledger
from orchestration.reports import LIABILITY_AGEING, TRIAL_BALANCE

WAREHOUSE = """
    create schema ledger; create schema context; create schema terms; create schema awards;
    create table context.run_window (as_of date);
    create table ledger.ledger_entries (entry_no bigint, posting_no bigint, as_of date, entry_type varchar, program_id varchar,
        period varchar, beneficiary_type varchar, beneficiary_id varchar, subject_id varchar, component varchar,
        instrument varchar, payout_id varchar, debit_account varchar, credit_account varchar, amount_cents bigint);
    create table ledger.payout_lines (payout_id varchar, program_id varchar, period varchar, subject_id varchar,
        component varchar, amount_cents bigint);
    create table terms.periods (program_id varchar, period varchar, settle_on date, close_on date);
    create table awards.award_candidates (program_id varchar, period varchar, beneficiary_type varchar, beneficiary_id varchar,
        subject_id varchar, component varchar, instrument varchar, reason varchar, evidence varchar);
    insert into terms.periods values ('growth', '2025', date '2026-01-30', null), ('growth', '2025-12', date '2026-01-15', null),
        ('friends', '2025', null, date '2026-06-29');
"""


class Booked(NamedTuple):
    """An entry as a test writes it; of a PAY or RETURN ``lines`` are its payout's, program and cents."""

    day: str
    entry_type: str
    cents: int
    program: str | None = "growth"
    who: str = "P1"
    kind: str = "PARTNER"
    period: str | None = "2025"
    subject: str = ""
    instrument: str = "CASH"
    payout: str | None = None
    lines: tuple[tuple[str, int], ...] = ()


def warehouse(as_of: str, *booked: Booked) -> duckdb.DuckDBPyConnection:
    """A warehouse as of a day with these entries and the lines of their payouts."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(WAREHOUSE)
    connection.execute("insert into context.run_window values (?)", [as_of])
    entries, lines = [], {}
    for number, book in enumerate(booked, 1):
        debit, credit = (account(role, book.program, book.kind, book.who) for role in SIDES[book.entry_type])
        key = (book.program, book.period, book.kind, book.who, book.subject, "part" if book.program else None)
        money = (book.instrument, book.payout, debit, credit, book.cents)
        entries.append((number, 1, book.day, book.entry_type, *key, *money))
        lines |= {
            (book.payout, program): (book.payout, program, "2025", "", "part", cents) for program, cents in book.lines
        }
    for table, rows in (("ledger_entries", entries), ("payout_lines", list(lines.values()))):
        if rows:
            connection.executemany(f"insert into ledger.{table} values ({', '.join('?' * len(rows[0]))})", rows)
    return connection


def paid(day: str, payout: str, *lines: tuple[str, int], entry_type: str = "PAY", **who: str) -> Booked:
    """A payment of a payout with these lines."""
    cents = sum(cents for _, cents in lines)
    return Booked(day, entry_type, cents, program=None, period=None, payout=payout, lines=lines, **who)


def trial_balance(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    connection.execute(TRIAL_BALANCE)
    return connection.execute(
        """select strftime(month, '%Y-%m'), account, instrument, opening_cents, debit_cents, credit_cents, closing_cents
        from ledger.trial_balance order by all"""
    ).fetchall()


def ageing(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    connection.execute(LIABILITY_AGEING)
    return connection.execute(
        "select program_id, beneficiary_id, bucket, open_cents from ledger.liability_ageing order by all"
    ).fetchall()


# Trial balance


def test_a_balance_stands_through_the_months_in_which_nothing_moves_it() -> None:
    connection = warehouse(
        "2026-01-03",
        Booked("2025-10-31", "ACCRUE", 1_000),
        Booked("2025-11-01", "RELEASE", 250),
        Booked("2025-11-30", "ACCRUE", 50),
        Booked("2025-11-30", "ACCRUE", 70, instrument="AD_CREDIT"),
        Booked("2025-11-30", "RELEASE", 70, instrument="AD_CREDIT"),
    )
    pending, program = "pending:PARTNER:P1", "program:growth"
    assert trial_balance(connection) == [
        ("2025-10", pending, "CASH", 0, 0, 1_000, 1_000),
        ("2025-10", program, "CASH", 0, 1_000, 0, -1_000),
        ("2025-11", pending, "AD_CREDIT", 0, 70, 70, 0),  # moved, and stands at nothing
        ("2025-11", pending, "CASH", 1_000, 250, 50, 800),
        ("2025-11", program, "AD_CREDIT", 0, 70, 70, 0),
        ("2025-11", program, "CASH", -1_000, 50, 250, -800),
        ("2025-12", pending, "CASH", 800, 0, 0, 800),
        ("2025-12", program, "CASH", -800, 0, 0, -800),
        ("2026-01", pending, "CASH", 800, 0, 0, 800),
        ("2026-01", program, "CASH", -800, 0, 0, -800),
    ]


def test_a_payment_after_the_run_belongs_to_its_own_month() -> None:
    connection = warehouse(
        "2025-10-31", Booked("2025-10-31", "ADJUST", 900), paid("2025-11-15", "P1|CASH|2025-11-15", ("growth", 900))
    )
    assert trial_balance(connection)[-3:] == [
        ("2025-11", "payable:PARTNER:P1", "CASH", 900, 900, 0, 0),
        ("2025-11", "program:growth", "CASH", -900, 0, 0, -900),
        ("2025-11", "settled:PARTNER:P1", "CASH", 0, 0, 900, 900),
    ]


def test_an_empty_ledger_has_empty_reports() -> None:
    connection = warehouse("2025-10-31")
    assert trial_balance(connection) == [] and ageing(connection) == []


# Ageing of what is owed


def test_what_is_approved_ages_from_its_entry_and_the_oldest_is_taken_first() -> None:
    connection = warehouse(
        "2026-01-30",
        Booked("2025-10-31", "ADJUST", 1_000),  # 91 days
        Booked("2025-11-01", "ADJUST", 500),  # 90 days
        Booked("2025-11-30", "ADJUST", 300),  # 61 days
        Booked("2025-12-01", "ADJUST", 200),  # 60 days
        Booked("2025-12-31", "ADJUST", 100),  # 30 days
        Booked("2026-01-30", "ADJUST", 7),
    )
    whole = [("0-30 days", 107), ("31-60 days", 200), ("61-90 days", 800), ("over 90 days", 1_000)]
    assert ageing(connection) == [("growth", "P1", bucket, cents) for bucket, cents in whole]
    later = [
        ("CLAWBACK", 400, [107, 200, 800, 600]),
        ("CLAWBACK", 700, [107, 200, 700]),
        ("CLAWBACK", 800, [107, 100]),
        ("CLAWBACK", 206, [1]),
        ("CLAWBACK", 1, []),
    ]
    for number, (kind, cents, left) in enumerate(later, 100):
        row = f"{number}, 2, date '2026-01-30', '{kind}', 'growth', '2025', 'PARTNER', 'P1', '', 'part', 'CASH'"
        connection.execute(
            f"insert into ledger.ledger_entries values ({row}, null, 'payable:PARTNER:P1', 'program:growth', {cents})"
        )
        assert [cents for *_, cents in ageing(connection)] == left


def test_a_payment_takes_by_its_lines_and_what_came_back_is_as_old_as_before() -> None:
    lines = ("growth", 700), ("manual:goodwill", 300)
    booked = [
        Booked("2025-10-01", "ADJUST", 600),
        Booked("2025-11-15", "ADJUST", 100),
        Booked("2025-11-15", "GRANT", 300, "manual:goodwill"),
        paid("2025-12-15", "one", *lines),
        Booked("2025-12-20", "ADJUST", 50),
    ]
    assert ageing(warehouse("2025-12-31", *booked)) == [("growth", "P1", "0-30 days", 50)]
    booked.append(paid("2025-12-31", "one", *lines, entry_type="RETURN"))
    assert ageing(warehouse("2025-12-31", *booked)) == [
        ("growth", "P1", "0-30 days", 50),
        ("growth", "P1", "31-60 days", 100),
        ("growth", "P1", "over 90 days", 600),
        ("manual:goodwill", "P1", "31-60 days", 300),
    ]


def test_what_was_clawed_back_after_it_was_paid_stands_as_negative_beside_what_is_open() -> None:
    booked = [
        Booked("2025-10-01", "ADJUST", 600),
        paid("2025-10-15", "one", ("growth", 600)),
        Booked("2025-11-01", "CLAWBACK", 600),
        Booked("2025-11-02", "ADJUST", 1_000, "race"),
    ]
    assert ageing(warehouse("2025-11-30", *booked)) == [
        ("growth", "P1", "NEGATIVE", -600),
        ("race", "P1", "0-30 days", 1_000),
    ]
    booked.append(paid("2025-11-15", "two", ("growth", -600), ("race", 1_000)))
    assert ageing(warehouse("2025-11-30", *booked)) == []
    booked.append(Booked("2025-11-20", "ADJUST", 30))  # restored in part
    booked.append(Booked("2025-11-20", "CHARGE", 40, "manual:correction"))
    assert ageing(warehouse("2025-11-30", *booked)) == [
        ("growth", "P1", "0-30 days", 30),
        ("manual:correction", "P1", "NEGATIVE", -40),
    ]


def test_a_payment_without_lines_is_named_by_no_program() -> None:
    booked = Booked("2025-10-01", "ADJUST", 600), Booked("2025-10-15", "PAY", 600, None, period=None, payout="one")
    assert ageing(warehouse("2025-10-31", *booked)) == [
        ("growth", "P1", "0-30 days", 600),
        (None, "P1", "NEGATIVE", -600),
    ]


def test_what_is_pending_stands_by_the_day_it_turns_final() -> None:
    referral = {"program": "friends", "kind": "MEMBER", "who": "Ann", "instrument": "SHOP_CREDIT"}
    connection = warehouse(
        "2025-12-31",
        Booked("2025-10-02", "ACCRUE", 500),
        Booked("2025-10-03", "RELEASE", 120),
        Booked("2025-10-03", "ACCRUE", 20, subject="S1"),
        Booked("2025-12-03", "ACCRUE", 30, period="2025-12"),
        Booked("2025-12-03", "ACCRUE", 9, period="2025-12", who="P2"),
        Booked("2025-12-03", "APPROVE", 9, period="2025-12", who="P2"),
        *(Booked("2025-11-01", "ACCRUE", 50, subject=name, **referral) for name in ("Bob", "Cat", "Dan", "Eve", "Fay")),
    )
    for name, status, final_on, reason in (
        ("Bob", "PROVISIONAL", "2026-01-05", "delivered, still in the hold"),
        ("Cat", "PROVISIONAL", None, "not delivered yet"),
        ("Dan", "FLAGGED", "2025-12-05", "flagged: an event says so"),
        ("Eve", "PROVISIONAL", None, "not delivered yet"),
    ):
        evidence = json.dumps({"status": status, "final_on": final_on})
        key = ("friends", "2025", "MEMBER", "Ann", name, "part", "SHOP_CREDIT")
        connection.execute(
            "insert into awards.award_candidates values (?, ?, ?, ?, ?, ?, ?, ?, ?)", [*key, reason, evidence]
        )
    ageing(connection)
    closes = date(2026, 6, 29)
    assert connection.execute(
        """select beneficiary_id, bucket, final_on, decided_by, waits_for, open_cents
        from ledger.liability_ageing order by all nulls last"""
    ).fetchall() == [
        ("Ann", "PENDING", date(2026, 1, 5), None, None, 50),
        ("Ann", "PENDING", None, closes, "flagged: an event says so", 50),
        ("Ann", "PENDING", None, closes, "no program looks at it any more", 50),
        ("Ann", "PENDING", None, closes, "not delivered yet", 100),
        ("P1", "PENDING", date(2026, 1, 15), None, None, 30),
        ("P1", "PENDING", date(2026, 1, 30), None, None, 400),
        ("P2", "0-30 days", None, None, None, 9),
    ]


def test_what_is_paid_is_no_liability_any_more() -> None:
    """5.00 was approved and paid, 0.30 of it came back by a clawback; 0.70 waits, and 9.00 of credit is to be paid."""
    connection = warehouse(
        "2025-10-31",
        Booked("2025-10-01", "ADJUST", 500),
        Booked("2025-10-02", "ADJUST", 900, instrument="AD_CREDIT"),
        paid("2025-10-15", "payout 1", ("growth", 500)),
        Booked("2025-10-16", "CLAWBACK", 30),
        Booked("2025-10-16", "ACCRUE", 70),
    )
    ageing(connection)
    assert [record.data for record in liability_by_program(connection).records] == [
        {"program": "growth", "instrument": "AD_CREDIT", "pending": "$0.00", "payable": "$9.00"},
        {"program": "growth", "instrument": "CASH", "pending": "$0.70", "payable": "-$0.30"},
    ]


def test_beneficiaries_of_one_id_and_instruments_stay_apart() -> None:
    booked, expected = [], []
    owners = (
        ("CREATOR", "P1", "CASH"),
        ("PARTNER", "P1", "AD_CREDIT"),
        ("PARTNER", "P1", "CASH"),
        ("PARTNER", "P2", "CASH"),
    )
    for cents, (kind, who, instrument) in enumerate(owners, 1):
        told = {"kind": kind, "who": who, "instrument": instrument}
        booked += [
            Booked("2025-10-01", "ADJUST", 1_000, **told),
            Booked("2025-10-02", "CLAWBACK", cents, **told),
            Booked("2025-10-02", "ADJUST", 100 * cents, "race", **told),
            paid("2025-10-15", f"payout {cents}", ("race", 100 * cents), **told),
            Booked("2025-10-16", "CLAWBACK", 10 * cents, "race", **told),
        ]
        expected.append((kind, who, instrument, "growth", "0-30 days", 1_000 - cents))
        expected.append((kind, who, instrument, "race", "NEGATIVE", -10 * cents))
    connection = warehouse("2025-10-31", *booked)
    ageing(connection)
    found = connection.execute(
        """select beneficiary_type, beneficiary_id, instrument, program_id, bucket, open_cents
        from ledger.liability_ageing order by all"""
    ).fetchall()
    assert found == expected


# Laws of both, for whatever is posted

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["accrue", "release", "approve", "adjust", "claw back", "grant", "charge", "pay", "return"]),
        st.sampled_from(["growth", "race", "friends"]),
        st.sampled_from(["P1", "P2"]),
        st.sampled_from(["CASH", "AD_CREDIT"]),
        st.integers(1, 1_000),
        st.integers(0, 40),
    ),
    max_size=40,
)


def booked_by(steps: list[tuple[str, str, str, str, int, int]]) -> tuple[list[Booked], date]:
    """Entries as the rules let them come: nothing below zero but by clawback and charge, whole balances paid by their lines."""
    day, booked, payouts = date(2025, 10, 1), [], []
    pending: defaultdict[Any, int] = defaultdict(int)
    approved: defaultdict[Any, int] = defaultdict(int)
    open_lines: defaultdict[Any, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for what, program, who, instrument, cents, passed in steps:
        day += timedelta(days=passed)
        owner, key = (who, instrument), (who, instrument, program)
        lines = tuple((name, cents) for name, cents in sorted(open_lines[owner].items()) if cents)
        told = {"program": program, "who": who, "instrument": instrument}
        if what == "pay" and sum(cents for _, cents in lines) > 0:
            payouts.append((f"{who}|{instrument}|{len(booked)}", owner, lines))
            booked.append(paid(str(day), payouts[-1][0], *lines, who=who, instrument=instrument))
            open_lines[owner].clear()
        elif what == "return" and payouts:
            payout, (who, instrument), lines = payouts.pop(cents % len(payouts))
            booked.append(paid(str(day), payout, *lines, entry_type="RETURN", who=who, instrument=instrument))
            for name, part in lines:
                open_lines[who, instrument][name] += part
        elif what in ("accrue", "adjust", "grant", "charge"):
            if what in ("grant", "charge"):
                told["program"] = f"manual:{program}"
            booked.append(Booked(str(day), what.upper(), cents, **told))
            pending[key] += cents * (what == "accrue")
            approved[key] += cents * (what == "adjust")
            if what != "accrue":
                open_lines[owner][told["program"]] += -cents if what == "charge" else cents
        elif what in ("release", "approve") and pending[key]:
            cents = min(cents, pending[key])
            booked.append(Booked(str(day), what.upper(), cents, **told))
            pending[key] -= cents
            if what == "approve":
                approved[key] += cents
                open_lines[owner][program] += cents
        elif what == "claw back" and approved[key]:
            cents = min(cents, approved[key])
            booked.append(Booked(str(day), "CLAWBACK", cents, **told))
            approved[key] -= cents
            open_lines[owner][program] -= cents
    return booked, day


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_reports_sum_to_the_ledger(steps: list[tuple[str, str, str, str, int, int]]) -> None:
    booked, day = booked_by(steps)
    connection = warehouse(str(day), *booked)
    months: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    closed: dict[tuple[str, str], int] = {}
    for month, name, instrument, opening, debit, credit, closing in trial_balance(connection):
        assert opening - debit + credit == closing and opening == closed.get((name, instrument), 0)
        closed[name, instrument] = closing
        for place, cents in enumerate((opening, debit, credit, closing)):
            months[month, instrument][place] += cents
    for opening, debit, credit, closing in months.values():
        assert opening == closing == 0 and debit == credit
    owed: defaultdict[tuple[str, str], int] = defaultdict(int)
    ageing(connection)
    rows = connection.execute(
        "select beneficiary_id, instrument, bucket, program_id, open_cents from ledger.liability_ageing"
    ).fetchall()
    for who, instrument, bucket, _, cents in rows:
        assert (cents < 0) == (bucket == "NEGATIVE") and cents
        owed[f"{'pending' if bucket == 'PENDING' else 'payable'}:PARTNER:{who}", instrument] += cents
    standing = {name: cents for name, cents in closed.items() if name[0].startswith(("pending:", "payable:"))}
    assert {name: cents for name, cents in owed.items() if cents} == {
        name: cents for name, cents in standing.items() if cents
    }


# The journal of a posting


def test_the_journal_of_a_posting_has_each_entry_with_what_seals_it(ledger: Ledger) -> None:
    post(ledger, "2025-10-02", provisional(100), provisional(12_345, beneficiary_id='=cmd|"x"', subject_id="-1"))
    post(ledger, "2025-10-03", final(100), provisional(12_345, beneficiary_id='=cmd|"x"', subject_id="-1"))
    told = journal(ledger, 1)
    assert journal(ledger, 1) == told and told.endswith(b"\n") and b"\r" not in told
    rows = list(csv.DictReader(io.StringIO(told.decode())))
    assert tuple(rows[0]) == COLUMNS
    amounts = [
        (row["entry_no"], row["beneficiary_id"], row["subject_id"], row["amount_usd"], row["amount_cents"])
        for row in rows
    ]
    assert amounts == [("1", '\'=cmd|"x"', "'-1", "123.45", "12345"), ("2", "P1", "", "1.00", "100")]
    (later,) = csv.DictReader(io.StringIO(journal(ledger, 2).decode()))
    assert later["entry_type"] == "APPROVE" and later["as_of"] == "2025-10-03" and later["kind"] == "AWARDS"
    assert later["debit_account"] == "pending:PARTNER:P1" and later["credit_account"] == "payable:PARTNER:P1"
    assert {row["posting_hash"] for row in rows} == {later["previous_hash"]}
    assert later["posting_hash"] == ledger.head().hash
    assert later["inputs_hash"] == "inputs of 2025-10-03" and later["terms_hash"] == "terms"


def test_a_posting_that_is_not_there_is_named(ledger: Ledger) -> None:
    with pytest.raises(SettingsError, match="no posting 1; its last one is 0"):
        journal(ledger, 1)
    post(ledger, "2025-10-02", provisional(100))
    with pytest.raises(SettingsError, match="no posting 2; its last one is 1"):
        journal(ledger, 2)
