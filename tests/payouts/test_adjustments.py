"""Money by hand: two people, evidence, and a posting of its own (rulebook 3)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from ledger_by_hand import DEBTOR, PAYEES, desk_of, final, owed

from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.adjustments import Adjustments, Request, evidence_of
from orchestration.ledger.ledger import Ledger
from orchestration.payouts.proposals import Proposal

DAY = date(2026, 1, 15)
GOODWILL = Request(
    "GRANT", "goodwill", "PARTNER", "P1", "CASH", 2_500, "sorry for the outage", "mail.txt", evidence_of(b"the mail")
)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    found = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    owed(found, "2026-01-15", final(10_000))
    return found


@pytest.fixture
def adjustments(ledger: Ledger) -> Adjustments:
    return Adjustments(ledger._engine)


def test_what_one_asks_for_another_approves_and_it_is_paid_as_a_line_of_its_own(
    ledger: Ledger, adjustments: Adjustments
) -> None:
    asked = adjustments.ask(GOODWILL, "ann")
    assert asked.decision is None and ledger.head().posting_no == 1
    (done,) = adjustments.approve([asked.adjustment_id], "bob", DAY)
    assert (done.decision, done.decided_by, done.posting_no) == ("APPROVED", "bob", 2)
    # Awards neither see it nor take it back: posting the same awards again moves nothing.
    owed(ledger, "2026-01-16", final(10_000))
    assert ledger.head().posting_no == 2 and ledger.check_against([final(10_000)]) == []
    (proposal,) = desk_of(ledger).propose(DAY, PAYEES, "ann")
    # 100.00 of the award and 25.00 of goodwill.
    assert isinstance(proposal, Proposal) and proposal.amount_cents == 12_500
    assert [(line.program_id, line.subject_id, line.amount_cents) for line in proposal.lines] == [
        ("manual:goodwill", "adj-000001", 2_500),
        ("tsp_daily_gmv_2025q4", "", 10_000),
    ]
    assert ledger.verify() == [] and adjustments.faults() == [] and desk_of(ledger).faults() == []


def test_a_charge_is_taken_from_the_next_payout(ledger: Ledger, adjustments: Adjustments) -> None:
    asked = adjustments.ask(GOODWILL._replace(entry_type="CHARGE", amount_cents=4_000), "ann")
    adjustments.approve([asked.adjustment_id], "bob", DAY)
    (proposal,) = desk_of(ledger).propose(DAY, PAYEES, "ann")
    assert isinstance(proposal, Proposal) and proposal.amount_cents == 6_000
    desk_of(ledger).approve([proposal.payout_id], "bob")
    desk_of(ledger).export(DAY, PAYEES, DEBTOR, "cid")
    # 100.00 less 40.00 was paid, and nothing is left.
    assert ("payable:PARTNER:P1", "CASH") not in {(name, kind) for name, kind, _ in ledger.balances()}


def test_nobody_approves_their_own_request_and_nothing_is_decided_twice(
    ledger: Ledger, adjustments: Adjustments
) -> None:
    one, two = adjustments.ask(GOODWILL, "Ann"), adjustments.ask(GOODWILL._replace(note="a second one"), "Ann")
    with pytest.raises(RefusedError, match="somebody else"):
        adjustments.approve([one.adjustment_id], " aNN ", DAY)
    adjustments.approve([one.adjustment_id], "bob", DAY)
    adjustments.approve([one.adjustment_id], "bob", DAY)  # the same command again, after its answer was lost
    for decide in (
        lambda: adjustments.reject(one.adjustment_id, "bob"),
        lambda: adjustments.approve([one.adjustment_id], "dan", DAY),
    ):
        with pytest.raises(RefusedError, match="was APPROVED by bob"):
            decide()
    assert adjustments.reject(two.adjustment_id, "ann").decision == "REJECTED"
    with pytest.raises(RefusedError, match="was REJECTED"):
        adjustments.approve([two.adjustment_id], "bob", DAY)
    assert ledger.head().posting_no == 2 and adjustments.faults() == []


def test_a_request_that_is_said_again_is_one_until_it_is_decided(adjustments: Adjustments) -> None:
    """Its answer was lost, say: two of them, both approved, would pay twice."""
    one = adjustments.ask(GOODWILL, "ann")
    assert adjustments.ask(GOODWILL, " ann ") == one and adjustments.all() == [one]
    others = adjustments.ask(GOODWILL, "dan"), adjustments.ask(GOODWILL._replace(evidence_sha256="0" * 64), "ann")
    adjustments.approve([one.adjustment_id], "bob", DAY)
    later = adjustments.ask(GOODWILL, "ann")
    assert len({one.adjustment_id, later.adjustment_id, *(other.adjustment_id for other in others)}) == 4


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"entry_type": "PAY"}, "no adjustment"),
        ({"reason": "two words"}, "single word"),
        ({"reason": ""}, "single word"),
        ({"beneficiary_type": "BANK"}, "TYPE:ID"),
        ({"beneficiary_id": ""}, "TYPE:ID"),
        ({"instrument": "GOLD"}, "no instrument"),
        ({"amount_cents": 0}, "above 0"),
        ({"amount_cents": -1}, "above 0"),
        ({"note": ""}, "--note"),
    ],
)
def test_a_request_that_cannot_be_is_refused_by_name(
    adjustments: Adjustments, changed: dict[str, object], why: str
) -> None:
    with pytest.raises(SettingsError, match=why):
        adjustments.ask(GOODWILL._replace(**changed), "ann")
    assert adjustments.all() == []


TAMPERINGS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "another note": lambda raw: raw.execute("UPDATE adjustments SET note = 'x'"),
    "other evidence": lambda raw: raw.execute("UPDATE adjustments SET evidence_sha256 = ?", ["0" * 64]),
    "another amount": lambda raw: raw.execute("UPDATE adjustments SET amount_cents = 9"),
    "another approver": lambda raw: raw.execute("UPDATE adjustment_decisions SET by_name = 'eve'"),
    "the request is gone": lambda raw: raw.execute("DELETE FROM adjustments"),
    "the decision is gone": lambda raw: raw.execute("DELETE FROM adjustment_decisions"),
}


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=str)
def test_every_tampering_is_found(adjustments: Adjustments, tmp_path: Path, tampering: str) -> None:
    adjustments.approve([adjustments.ask(GOODWILL, "ann").adjustment_id], "bob", DAY)
    assert adjustments.faults() == []
    raw = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    TAMPERINGS[tampering](raw)
    raw.close()
    assert adjustments.faults()


def test_a_request_that_was_taken_away_is_named(adjustments: Adjustments, tmp_path: Path) -> None:
    """Also one that nobody approved: the next one would get the number of one that stands."""
    for note in ("one", "two", "three"):
        adjustments.ask(GOODWILL._replace(note=note), "ann")
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("DELETE FROM adjustments WHERE note = 'two'")
    assert adjustments.faults() == ["adj-000002 is missing, and adj-000003 stands there: a request was taken away"]


def test_the_millionth_adjustment_comes_last(adjustments: Adjustments, tmp_path: Path) -> None:
    adjustments.ask(GOODWILL, "ann")
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        columns = [row[0] for row in raw.execute("SELECT name FROM pragma_table_info('adjustments')")][1:]
        for name in ("adj-1000000", "adj-999999"):
            raw.execute(f"INSERT INTO adjustments SELECT ?, {', '.join(columns)} FROM adjustments LIMIT 1", [name])
    assert [one.adjustment_id for one in adjustments.all()] == ["adj-000001", "adj-999999", "adj-1000000"]
