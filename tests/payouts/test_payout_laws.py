"""Laws of payouts, whatever people and awards do in whatever order: nothing is paid twice, nothing is lost (rulebook 4)."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_by_hand import DEBTOR, PAYEES, desk_of, final, owed

from orchestration.errors import IncentivesError
from orchestration.ledger.adjustments import Adjustments, Request, evidence_of
from orchestration.ledger.ledger import Ledger

FIRST = date(2026, 1, 15)
WHO = st.sampled_from(["P1", "P2"])
INSTRUMENT = st.sampled_from(["CASH", "AD_CREDIT"])
AMOUNT = st.sampled_from([0, 1, 4_999, 5_000, 5_001, 9_000, 20_000])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("award"), WHO, INSTRUMENT, st.sampled_from(["a", "b"]), AMOUNT),
        st.tuples(st.just("adjust"), WHO, INSTRUMENT, st.sampled_from(["GRANT", "CHARGE"]), st.integers(1, 6_000)),
        st.tuples(st.sampled_from(["propose", "export"])),
        st.tuples(st.sampled_from(["approve", "cancel", "settle", "fail"]), st.integers(0, 5)),
    ),
    max_size=25,
)


class Office:
    """A ledger with its people, and a day that goes on by one with each step."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}")
        self.desk = desk_of(self.ledger)
        self.adjustments = Adjustments(self.ledger._engine)
        self.day = FIRST
        self.owed: dict[tuple[str, str, str], int] = {}
        self.by_hand: Counter[tuple[str, str]] = Counter()

    def take(self, step: tuple) -> None:
        """One step; one that cannot be taken is refused and changes nothing."""
        self.day += timedelta(days=1)
        getattr(self, step[0])(*step[1:])

    def award(self, who: str, instrument: str, period: str, cents: int) -> None:
        self.owed[who, instrument, period] = cents
        self.owe()

    def owe(self) -> None:
        """Posts what is owed now."""
        awards = [
            final(amount, beneficiary_id=name, instrument=kind, period=when)
            for (name, kind, when), amount in self.owed.items()
            if amount
        ]
        owed(self.ledger, self.day.isoformat(), *awards)

    def adjust(self, who: str, instrument: str, kind: str, cents: int) -> None:
        request = Request(kind, "goodwill", "PARTNER", who, instrument, cents, "why", "mail", evidence_of(b"mail"))
        self.adjustments.approve([self.adjustments.ask(request, "ann").adjustment_id], "bob", self.day)
        self.by_hand[who, instrument] += cents if kind == "GRANT" else -cents

    def propose(self) -> None:
        if self.ledger.head().posting_no:
            self.desk.propose(self.day, PAYEES, "ann")

    def export(self) -> None:
        self.desk.export(self.day, PAYEES, DEBTOR, "cid")

    def approve(self, number: int) -> None:
        self._step(number, lambda name: self.desk.approve([name], "bob"))

    def cancel(self, number: int) -> None:
        self._step(number, lambda name: self.desk.cancel([name], "bob", "why"))

    def settle(self, number: int) -> None:
        self._step(number, lambda name: self.desk.settle([name], "cid"))

    def fail(self, number: int) -> None:
        self._step(number, lambda name: self.desk.fail([name], "cid", "why", self.day))

    def _step(self, number: int, take) -> None:
        payouts = self.desk.payouts()
        if payouts:
            try:
                take(payouts[number % len(payouts)].payout_id)
            except IncentivesError:
                assert self.desk.payouts() == payouts

    def earned(self) -> Counter[tuple[str, str]]:
        """What each is owed in all, by the awards and by hand."""
        total = Counter(self.by_hand)
        for (who, instrument, _), cents in self.owed.items():
            total[who, instrument] += cents
        return total

    def balance(self, role: str) -> Counter[tuple[str, str]]:
        prefix = f"{role}:PARTNER:"
        return Counter(
            {
                (name.removeprefix(prefix), kind): cents
                for name, kind, cents in self.ledger.balances()
                if name.startswith(prefix)
            }
        )


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_what_is_payable_and_what_is_paid_is_always_what_is_owed(steps: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder))
        for step in steps:
            office.take(step)
        payable, paid, earned = office.balance("payable"), office.balance("settled"), office.earned()
        for key in {*payable, *paid, *earned}:
            assert payable[key] + paid[key] == earned[key]
        assert office.ledger.verify() == [] and office.desk.faults() == [] and office.adjustments.faults() == []


@settings(max_examples=20, deadline=None)
@given(STEPS)
def test_in_the_end_everything_that_can_be_paid_is_paid(steps: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder))
        for step in steps:
            office.take(step)
        for _ in range(2):  # the first round pays or cancels what was on its way, the second the rest
            office.take(("propose",))
            waiting = [payout.payout_id for payout in office.desk.payouts() if payout.state == "PROPOSED"]
            office.desk.approve(waiting, "bob")
            office.take(("export",))
        for (_, instrument), cents in office.balance("payable").items():
            assert cents <= 0 or (instrument == "CASH" and cents < 5_000)
        assert office.desk.faults() == []
