"""The life of a payout on the real ledger, from balance to money that arrived or came back (rulebook 4)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from ledger_by_hand import DEBTOR, PAID, PAYEES, desk_of, final, owed

from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.adjustments import Adjustments, Request
from orchestration.ledger.entries import MAX_CENTS
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.tables import METADATA
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Owner, Payee, Proposal, Unpaid

DAY = date(2026, 1, 15)
NEXT = date(2026, 2, 15)
P1 = "PARTNER:P1|CASH|2026-01-15"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")


def exported(desk: Payouts) -> int:
    """P1's 100.00 proposed by ann, approved by bob, exported by cid; the posting."""
    desk.propose(DAY, PAYEES, "ann")
    desk.approve([P1], "bob")
    done = desk.export(DAY, PAYEES, DEBTOR, "cid")
    assert done.posting_no is not None
    return done.posting_no


def payable(ledger: Ledger, account: str = "payable:PARTNER:P1") -> int:
    return sum(cents for name, _, cents in ledger.balances() if name == account)


def test_a_balance_is_proposed_approved_exported_and_settled(ledger: Ledger) -> None:
    owed(ledger, "2026-01-15", final(7_000), final(3_000, period="late"))
    desk = desk_of(ledger)
    (proposal,) = desk.propose(DAY, PAYEES, "ann")
    assert isinstance(proposal, Proposal)
    # 70.00 and 30.00, a line each, to the payee of P1.
    assert (proposal.payout_id, proposal.amount_cents, proposal.payee_id) == (P1, 10_000, PAID)
    assert [line.amount_cents for line in proposal.lines] == [7_000, 3_000]
    desk.approve([P1], "bob")
    assert payable(ledger) == 10_000
    done = desk.export(DAY, PAYEES, DEBTOR, "cid")
    assert [payout.state for payout in done.paid] == ["APPROVED"] and payable(ledger) == 0
    assert [(entry.entry_type, entry.amount_cents, entry.payout_id) for entry in ledger.entries(payout_id=P1)] == [
        ("PAY", 10_000, P1)
    ]
    (settled,) = desk.settle([P1], "cid")
    assert [step.state for step in settled.steps] == ["PROPOSED", "APPROVED", "EXPORTED", "SETTLED"]
    assert ledger.verify() == [] and desk.faults() == []
    assert desk.propose(NEXT, PAYEES, "ann") == []


def test_what_is_paid_is_not_paid_again_and_what_comes_later_is(ledger: Ledger) -> None:
    owed(ledger, "2026-01-15", final(10_000))
    desk = desk_of(ledger)
    exported(desk)
    # The award grew by 60.00 after the payment: the next payout is of that alone.
    owed(ledger, "2026-01-20", final(16_000))
    (proposal,) = desk.propose(NEXT, PAYEES, "ann")
    assert isinstance(proposal, Proposal) and proposal.amount_cents == 6_000
    assert desk.faults() == []


def test_a_partial_refund_of_a_paid_award_carries_forward_and_is_subtracted_once(ledger: Ledger) -> None:
    owed(ledger, "2026-01-15", final(10_000))
    desk = desk_of(ledger)
    exported(desk)
    # 25.00 of the 100.00 are clawed back after payment: the balance is -25.00 and waits.
    owed(ledger, "2026-01-20", final(7_500))
    (waiting,) = desk.propose(NEXT, PAYEES, "ann")
    assert isinstance(waiting, Unpaid) and waiting.balance_cents == -2_500 and not waiting.is_held
    # Another award of 90.00: 90.00 - 25.00 = 65.00 is paid, with both lines.
    owed(ledger, "2026-02-20", final(7_500), final(9_000, period="late"))
    (proposal,) = desk.propose(date(2026, 3, 15), PAYEES, "ann")
    assert isinstance(proposal, Proposal) and proposal.amount_cents == 6_500
    assert sorted(line.amount_cents for line in proposal.lines) == [-2_500, 9_000]
    desk.approve([proposal.payout_id], "bob")
    desk.export(date(2026, 3, 15), PAYEES, DEBTOR, "cid")
    assert payable(ledger) == 0 and desk.propose(date(2026, 4, 15), PAYEES, "ann") == [] and desk.faults() == []


def test_money_that_came_back_is_payable_again_once(ledger: Ledger) -> None:
    owed(ledger, "2026-01-15", final(10_000))
    desk = desk_of(ledger)
    exported(desk)
    desk.fail([P1], "cid", "account closed", DAY)
    desk.fail([P1], "cid", "account closed", DAY)
    assert payable(ledger) == 10_000
    assert [entry.entry_type for entry in ledger.entries(payout_id=P1)] == ["PAY", "RETURN"]
    (again,) = desk.propose(NEXT, PAYEES, "ann")
    assert isinstance(again, Proposal) and again.amount_cents == 10_000 and desk.faults() == []


def test_nobody_approves_what_they_proposed_however_they_write_their_name(ledger: Ledger) -> None:
    owed(ledger, "2026-01-15", final(10_000))
    desk = desk_of(ledger)
    desk.propose(DAY, PAYEES, "Ann Lee")
    for name in ("Ann Lee", " ann  LEE ", "ANN LEE", "Ａnn Lee"):
        with pytest.raises(RefusedError, match="somebody else"):
            desk.approve([P1], name)
    with pytest.raises(SettingsError, match="--by"):
        desk.approve([P1], " ")
    desk.approve([P1], "bob")


def test_a_second_proposal_adds_nothing_while_one_awaits_a_decision(ledger: Ledger) -> None:
    owed(ledger, "2026-01-15", final(10_000))
    desk = desk_of(ledger)
    desk.propose(DAY, PAYEES, "ann")
    owed(ledger, "2026-01-16", final(20_000))
    for day in (DAY, NEXT):
        (waiting,) = desk.propose(day, PAYEES, "ann")
        assert isinstance(waiting, Unpaid) and "awaits a decision" in waiting.reason and waiting.balance_cents == 10_000
    assert len(desk.payouts()) == 1


def test_a_cancelled_payout_is_proposed_anew_next_time_and_not_on_its_day(ledger: Ledger) -> None:
    owed(ledger, "2026-01-15", final(10_000))
    desk = desk_of(ledger)
    desk.propose(DAY, PAYEES, "ann")
    desk.cancel([P1], "bob", "typo")
    (waiting,) = desk.propose(DAY, PAYEES, "ann")
    assert isinstance(waiting, Unpaid) and "next payout day" in waiting.reason
    (again,) = desk.propose(NEXT, PAYEES, "ann")
    assert isinstance(again, Proposal) and again.amount_cents == 10_000 and desk.faults() == []


def test_export_reads_the_balance_again(ledger: Ledger) -> None:
    owed(ledger, "2026-01-15", final(10_000))
    desk = desk_of(ledger)
    desk.propose(DAY, PAYEES, "ann")
    desk.approve([P1], "bob")
    owed(ledger, "2026-01-16", final(9_999))  # one cent is clawed back between approval and export
    done = desk.export(DAY, PAYEES, DEBTOR, "cid")
    assert done.posting_no is None and done.paid == () and "below the payout" in done.cancelled[0][1]
    assert payable(ledger) == 9_999 and desk.payouts()[0].state == "CANCELLED"
    (again,) = desk.propose(NEXT, PAYEES, "ann")
    assert isinstance(again, Proposal) and again.amount_cents == 9_999


def test_export_pays_nobody_whose_payee_changed_or_is_gone(ledger: Ledger) -> None:
    for changed, why in (
        (Payee("somebody-else", has_tax_form=True), "the payee changed"),
        (Payee(None, has_tax_form=True), "payee_id is missing"),
        (Payee(PAID, has_tax_form=False), "tax form is missing"),
    ):
        day = date(2026, 1 + len(desk_of(ledger).payouts()), 15)
        owed(ledger, day.isoformat(), final(10_000))
        desk = desk_of(ledger)
        (proposal,) = desk.propose(day, PAYEES, "ann")
        assert isinstance(proposal, Proposal)
        desk.approve([proposal.payout_id], "bob")
        done = desk.export(day, PAYEES | {("PARTNER", "P1"): changed}, DEBTOR, "cid")
        assert done.posting_no is None and why in done.cancelled[0][1]


@pytest.mark.parametrize(
    ("cents", "payee", "reason", "held"),
    [
        (4_999, Payee(PAID, has_tax_form=True), "below the minimum", False),
        (10_000, Payee(None, has_tax_form=True), "payee_id is missing", True),
        (10_000, Payee(PAID, has_tax_form=False), "tax form is missing", True),
        # One whom no payment file can pay is held, so that the others are not kept waiting.
        (10_000, Payee("9" * 35, has_tax_form=True), "a pain.001 account at most 34", True),
        (10_000, Payee("a\x01", has_tax_form=True), "U+0001, which XML cannot", True),
        # One entry cannot move it: held, so that the others are paid.
        (MAX_CENTS + 1, Payee(PAID, has_tax_form=True), "above 1000000000000000 cents", True),
        (10_000, Payee("", has_tax_form=True), "payee_id is missing", True),
        (10_000, Payee("\u3000\u200b", has_tax_form=True), "payee_id is missing", True),
        (10_000, Payee(" ", has_tax_form=True), "payee_id is missing", True),
        # Held first: somebody has to act, whatever the amount.
        (1, Payee(None, has_tax_form=False), "payee_id is missing", True),
    ],
)
def test_who_is_not_paid_cash_and_why(ledger: Ledger, cents: int, payee: Payee, reason: str, held: bool) -> None:
    # Of two awards, since one is of MAX_CENTS at most.
    rest = [final(cents - MAX_CENTS, period="late")] if cents > MAX_CENTS else []
    owed(ledger, "2026-01-15", final(min(cents, MAX_CENTS)), *rest)
    (unpaid,) = desk_of(ledger).propose(DAY, {("PARTNER", "P1"): payee}, "ann")
    assert isinstance(unpaid, Unpaid) and reason in unpaid.reason and unpaid.is_held == held
    assert unpaid.owner == Owner("PARTNER", "P1", "CASH") and unpaid.balance_cents == cents


def test_credits_without_a_payee_are_held_and_hold_up_nobody_else(ledger: Ledger) -> None:
    owed(
        ledger, "2026-01-15", final(10, instrument="AD_CREDIT"), final(10, instrument="AD_CREDIT", beneficiary_id="P2")
    )
    payees = PAYEES | {("PARTNER", "P1"): Payee("", has_tax_form=True)}
    held, paid = desk_of(ledger).propose(DAY, payees, "ann")
    assert isinstance(held, Unpaid) and held.is_held and isinstance(paid, Proposal)


def test_who_is_held_is_told_so_also_on_the_day_of_a_cancelled_payout(ledger: Ledger) -> None:
    owed(ledger, "2026-01-15", final(10_000))
    desk = desk_of(ledger)
    day = date(2026, 1, 15)
    desk.propose(day, PAYEES, "ann")
    desk.cancel([payout.payout_id for payout in desk.payouts()], "bob", "the payee left")
    told = desk.unpaid(day, {})
    assert told and {(one.reason, one.is_held) for one in told} == {("payee_id is missing", True)}


def test_fifty_dollars_are_enough_cash_and_one_cent_is_enough_credit(ledger: Ledger) -> None:
    owed(ledger, "2026-01-15", final(5_000), final(1, instrument="AD_CREDIT"))
    payees = {("PARTNER", "P1"): Payee(PAID, has_tax_form=True)}
    cash, credit = desk_of(ledger).propose(DAY, payees, "ann")[::-1]
    assert isinstance(cash, Proposal) and cash.amount_cents == 5_000
    assert isinstance(credit, Proposal) and credit.amount_cents == 1


def test_credits_need_no_tax_form_and_members_are_their_own_payee(ledger: Ledger) -> None:
    member = {"beneficiary_type": "MEMBER", "beneficiary_id": "m/1", "component": "referral", "subject_id": "m2"}
    owed(ledger, "2026-01-15", final(100, instrument="SHOP_CREDIT"), final(5_000, **member))
    found = desk_of(ledger).propose(DAY, {("PARTNER", "P1"): Payee(PAID, has_tax_form=False)}, "ann")
    ids = [(one.payout_id, one.payee_id) for one in found if isinstance(one, Proposal)]
    assert ids == [("MEMBER:m%2F1|CASH|2026-01-15", "MEMBER:m/1"), ("PARTNER:P1|SHOP_CREDIT|2026-01-15", PAID)]


def test_all_or_none_is_approved_and_a_state_that_does_not_follow_is_refused(ledger: Ledger) -> None:
    owed(ledger, "2026-01-15", final(10_000), final(9_000, beneficiary_id="P2"))
    desk = desk_of(ledger)
    desk.propose(DAY, PAYEES, "ann")
    second = "PARTNER:P2|CASH|2026-01-15"
    desk.cancel([second], "ann", "wrong")
    with pytest.raises(RefusedError, match="is CANCELLED"):
        desk.approve([P1, second], "bob")
    with pytest.raises(SettingsError, match="no payout PARTNER:P9"):
        desk.approve([P1, "PARTNER:P9|CASH|2026-01-15"], "bob")
    assert [payout.state for payout in desk.payouts()] == ["PROPOSED", "CANCELLED"]
    for step in (lambda: desk.settle([P1], "bob"), lambda: desk.fail([P1], "bob", "x", DAY)):
        with pytest.raises(RefusedError, match="is PROPOSED"):
            step()
    desk.approve([P1], "bob")
    desk.approve([P1], "bob")  # the same command again, after its answer was lost
    with pytest.raises(RefusedError, match="is APPROVED"):
        desk.approve([P1], "dan")
    exported_no = desk.export(DAY, PAYEES, DEBTOR, "cid").posting_no
    assert exported_no and desk.export(DAY, PAYEES, DEBTOR, "cid").posting_no is None
    with pytest.raises(RefusedError, match="is EXPORTED"):
        desk.cancel([P1], "bob", "late")


def test_cash_needs_somebody_who_pays_and_nothing_is_posted_without(ledger: Ledger) -> None:
    owed(ledger, "2026-01-15", final(10_000))
    desk = desk_of(ledger)
    desk.propose(DAY, PAYEES, "ann")
    desk.approve([P1], "bob")
    with pytest.raises(SettingsError, match="INCENTIVES_DEBTOR_NAME"):
        desk.export(DAY, PAYEES, None, "cid")
    assert payable(ledger) == 10_000 and desk.payouts()[0].state == "APPROVED" and desk.files() == []


def test_no_row_number_is_said_again_so_that_a_cancelled_payout_stays_so(tmp_path: Path) -> None:
    """With OR REPLACE SQLite takes away the row that has the number, which asks no DELETE trigger."""
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    desk, adjustments, day = desk_of(ledger), Adjustments(ledger._engine), date(2026, 1, 15)
    ledger.post_awards(
        day, [final(20_000), final(9_000, beneficiary_id="P2")], "inputs", "terms", {("program", 1): "h"}
    )
    asked = Request("GRANT", "goodwill", "PARTNER", "P1", "CASH", 100, "why", "mail", "0" * 64)
    adjustments.reject(adjustments.ask(asked, "ann").adjustment_id, "bob")
    desk.propose(day, PAYEES, "ann")
    first, second = (payout.payout_id for payout in desk.payouts())
    desk.approve([first, second], "bob")
    desk.cancel([first], "cid", "fraud")
    desk.export(day, PAYEES, DEBTOR, "cid")
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as raw:
        for table in METADATA.sorted_tables:
            before = raw.execute(f"SELECT rowid, * FROM {table.name} ORDER BY rowid").fetchall()
            columns = ", ".join(column.name for column in table.columns)
            words = [column.name for column in table.primary_key if column.type.python_type is str]
            keys = {name: f"{name} || 'x'" for name in words}
            values = ", ".join(keys.get(column.name, column.name) for column in table.columns)
            for number in ("rowid", "_rowid_", "oid") if before and keys else ():
                with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                    raw.execute(
                        f"INSERT OR REPLACE INTO {table.name} ({number}, {columns}) "
                        f"SELECT rowid, {values} FROM {table.name} ORDER BY rowid DESC LIMIT 1"
                    )
            assert raw.execute(f"SELECT rowid, * FROM {table.name} ORDER BY rowid").fetchall() == before
    assert [payout.state for payout in desk.payouts()] == ["CANCELLED", "EXPORTED"]
    assert desk.export(day, PAYEES, DEBTOR, "cid").paid == ()
