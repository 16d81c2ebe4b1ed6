"""What went wrong in others' production, one test each: none of it happens here.

Cents by hand. Does not belong here: whatever else payouts and the ledger promise.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from compiled.records import record
from compiled.world import World
from kept_marts.histories import DAYS, sale
from ledger_by_hand import DEBTOR, PAYEES, desk_of, final, owed

from orchestration.errors import RefusedError
from orchestration.ledger.ledger import Ledger
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Proposal, Unpaid

DAY, NEXT = date(2026, 1, 15), date(2026, 2, 15)
P1 = "PARTNER:P1|CASH|2026-01-15"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """P1 is owed 100.00."""
    found = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    owed(found, "2026-01-15", final(10_000))
    return found


def paid(ledger: Ledger) -> Payouts:
    desk = desk_of(ledger)
    desk.propose(DAY, PAYEES, "ann")
    desk.approve([P1], "bob")
    desk.export(DAY, PAYEES, DEBTOR, "cid")
    return desk


def payable(ledger: Ledger) -> int:
    return sum(cents for name, _, cents in ledger.balances() if name == "payable:PARTNER:P1")


def moved(ledger: Ledger) -> list[tuple[str, int]]:
    return [(entry.entry_type, entry.amount_cents) for entry in ledger.entries()]


def test_a_partial_refund_of_an_award_already_paid(ledger: Ledger) -> None:
    desk = paid(ledger)
    owed(ledger, "2026-01-20", final(9_000))
    # 10.00 less are owed after 100.00 were paid: 10.00 are open against P1, and nothing is paid.
    assert payable(ledger) == -1_000
    (waits,) = desk.propose(NEXT, PAYEES, "ann")
    assert isinstance(waits, Unpaid) and waits.balance_cents == -1_000


def test_refund_and_chargeback_of_one_line_count_once() -> None:
    world = World(
        [
            *sale(DAYS[0], "1", "S1", None, None),
            record("refunds", DAYS[1], refund_id="R", order_line_id="1", order_id="1", amount_cents=40),
            record(
                "refunds",
                DAYS[2],
                refund_id="C",
                order_line_id="1",
                order_id="1",
                kind="CHARGEBACK",
                amount_cents=40,
                supersedes_refund_id="R",
            ),
        ]
    )
    world.build(DAYS[2])
    ((gross, net),) = world.rows("select gross_cents, net_cents from marts.gmv_daily")
    assert gross - net == 40


def test_a_clawback_is_not_subtracted_twice(ledger: Ledger) -> None:
    owed(ledger, "2026-01-16", final(7_000))
    # The same awards again, by the next days' runs: 30.00 were taken once.
    owed(ledger, "2026-01-17", final(7_000))
    owed(ledger, "2026-01-18", final(7_000))
    assert moved(ledger) == [("ADJUST", 10_000), ("CLAWBACK", 3_000)]
    (proposal,) = desk_of(ledger).propose(date(2026, 1, 18), PAYEES, "ann")
    assert isinstance(proposal, Proposal) and proposal.amount_cents == 7_000


def test_two_proposals_at_once_are_one(ledger: Ledger) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda who: desk_of(ledger).propose(DAY, PAYEES, who), ("ann", "bob", "cid", "dan")))
    assert [payout.amount_cents for payout in desk_of(ledger).payouts()] == [10_000]


def test_nothing_is_marked_paid_before_it_is_paid(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desk_of(ledger)
    desk.propose(DAY, PAYEES, "ann")
    desk.approve([P1], "bob")

    def no_files(*_: object) -> dict[str, bytes]:
        raise RefusedError("no file can be written")

    monkeypatch.setattr("orchestration.payouts.payouts.rendered", no_files)
    with pytest.raises(RefusedError):
        desk.export(DAY, PAYEES, DEBTOR, "cid")
    assert desk.payouts()[0].state == "APPROVED" and payable(ledger) == 10_000
    assert "PAY" not in [kind for kind, _ in moved(ledger)]


def test_what_is_left_of_a_balance_is_not_drawn_by_two_at_once(ledger: Ledger) -> None:
    desk = desk_of(ledger)
    desk.propose(DAY, PAYEES, "ann")
    desk.approve([P1], "bob")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda who: desk_of(ledger).export(DAY, PAYEES, DEBTOR, who), ("a", "b", "c", "d")))
    assert sum(export.posting_no is not None for export in done) == 1
    assert payable(ledger) == 0 and moved(ledger).count(("PAY", 10_000)) == 1


def test_a_refund_of_any_size_does_not_void_the_whole(ledger: Ledger) -> None:
    owed(ledger, "2026-01-16", final(9_999))
    assert moved(ledger)[-1] == ("CLAWBACK", 1) and payable(ledger) == 9_999


def test_a_paid_award_is_not_edited_in_place(ledger: Ledger) -> None:
    desk = paid(ledger)
    before, lines = list(ledger.entries()), desk.payouts()[0].lines
    owed(ledger, "2026-01-20", final(4_000))
    assert list(ledger.entries())[: len(before)] == before and desk.payouts()[0].lines == lines
    assert moved(ledger)[-1] == ("CLAWBACK", 6_000) and desk.faults() == []
