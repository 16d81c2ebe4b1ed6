"""Which accounts each entry moves between (rulebook, section 3), and balances that an audit must not find below zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from awards_by_hand import KEY, final, post, provisional

from orchestration.ledger.ledger import Ledger

PROGRAM, PENDING, PAYABLE = "program:tsp_daily_gmv_2025q4", "pending:PARTNER:P1", "payable:PARTNER:P1"


def test_each_entry_moves_between_its_accounts(ledger: Ledger) -> None:
    for day, award in enumerate([provisional(500), provisional(300), final(400), final(150)], start=2):
        post(ledger, f"2025-10-{day:02}", award)
    moved = [
        (entry.entry_type, entry.debit_account, entry.credit_account, entry.amount_cents) for entry in ledger.entries()
    ]
    assert moved == [
        ("ACCRUE", PROGRAM, PENDING, 500),
        ("RELEASE", PENDING, PROGRAM, 200),
        ("APPROVE", PENDING, PAYABLE, 300),
        ("ADJUST", PROGRAM, PAYABLE, 100),
        ("CLAWBACK", PAYABLE, PROGRAM, 250),
    ]
    assert ledger.balances() == [(PAYABLE, "CASH", 150), (PROGRAM, "CASH", -150)]


@pytest.fixture
def raw(ledger: Ledger, unguarded: Callable) -> Any:
    """A bare connection to a ledger that approved 100 and clawed back 60, without what refuses changes."""
    post(ledger, "2025-10-02", final(100))
    post(ledger, "2025-10-03", final(40))
    with unguarded(ledger) as connection:
        yield connection


def test_more_clawed_back_than_approved_is_named(ledger: Ledger, raw: Any) -> None:
    raw.execute("UPDATE entries SET amount_cents = 10 WHERE entry_no = 1")
    assert f"entry 2 leaves 0 cents pending and -50 approved for {KEY[0]}" in "\n".join(ledger.verify())


@pytest.mark.parametrize(("cents", "is_named"), [(40, False), (41, True)])
def test_more_paid_than_owed_is_named(ledger: Ledger, raw: Any, cents: int, is_named: bool) -> None:
    paid = (3, 3, "PAY", None, None, "PARTNER", "P1", "", None, "CASH", "PARTNER:P1|CASH|2025-10-15")
    raw.execute(f"INSERT INTO entries VALUES ({', '.join('?' * 14)})", (*paid, PAYABLE, "settled:PARTNER:P1", cents))
    header = (3, "PAY", "2025-10-15", "inputs", "terms", 1, 3, "{}", ledger.head().hash, "hash", "now")
    raw.execute(f"INSERT INTO postings VALUES ({', '.join('?' * 11)})", header)
    assert (f"entry 3 pays {PAYABLE} below zero, to -1 cents" in ledger.verify()) == is_named
