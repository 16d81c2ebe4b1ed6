"""A law of restores: whatever was paid, came back and was granted after a back-up, README's steps make it right to the cent.

Does not belong here: ledgers whose tail is not lost (``test_payout_laws``), and homes around them (``test_restored_homes``).
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from test_payout_laws import AMOUNT, INSTRUMENT, WHO, Office

from orchestration.ledger.adjustments import Adjustment, Request
from orchestration.payouts.lost_exports import charges_of
from orchestration.payouts.lost_payments import uncharged
from orchestration.payouts.records import Payout

MONEY = st.one_of(
    st.tuples(st.just("award"), WHO, INSTRUMENT, st.sampled_from(["a", "b"]), AMOUNT),
    st.tuples(st.just("adjust"), WHO, INSTRUMENT, st.sampled_from(["GRANT", "CHARGE"]), st.integers(1, 6_000)),
    st.tuples(st.just("pay")),
    st.tuples(st.sampled_from(["propose", "export"])),
    st.tuples(st.sampled_from(["approve", "settle", "fail"]), st.integers(0, 5)),
)
STEPS = st.lists(st.one_of(MONEY, MONEY, MONEY, st.tuples(st.sampled_from(["back_up", "lose"]))), max_size=25)


class RestoredOffice(Office):
    """An office that keeps the files of its exports, and whose ledger is put back from a back-up now and then."""

    def __init__(self, folder: Path) -> None:
        (folder / "now").mkdir()
        super().__init__(folder / "now")
        self.folder, self.kept = folder, folder / "kept"
        self.bank: Counter[tuple[str, str]] = Counter()
        self.came_back: list[Payout] = []
        self.granted: list[Adjustment] = []
        self.back_up()

    def back_up(self) -> None:
        shutil.rmtree(self.folder / "back-up", ignore_errors=True)
        self.ledger._engine.dispose()
        shutil.copytree(self.folder / "now", self.folder / "back-up")
        self.came_back, self.granted = [], []

    def adjust(self, who: str, instrument: str, kind: str, cents: int) -> None:
        super().adjust(who, instrument, kind, cents)
        self.granted.append(self.adjustments.all()[-1])

    def pay(self) -> None:
        """A whole payout day."""
        self.propose()
        self.desk.approve([payout.payout_id for payout in self.desk.payouts() if payout.state == "PROPOSED"], "bob")
        self.export()

    def export(self) -> None:
        before = {payout.payout_id for payout in self.desk.payouts() if payout.step("EXPORTED")}
        super().export()
        for payout in self.desk.payouts():
            if payout.step("EXPORTED") and payout.payout_id not in before:
                self.bank[payout.owner[1:]] += payout.amount_cents
        for posting_no, name, _, content in self.desk.files():
            # Two timelines may have an export of one number.
            (control,) = (one[2] for one in self.desk.files() if one[:2] == (posting_no, "control.json"))
            path = self.kept / f"export-{posting_no:06d}-{control[:8]}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def fail(self, number: int) -> None:
        before = {payout.payout_id for payout in self.desk.payouts() if payout.step("FAILED")}
        super().fail(number)
        for payout in self.desk.payouts():
            if payout.step("FAILED") and payout.payout_id not in before:
                self.bank[payout.owner[1:]] -= payout.amount_cents
                self.came_back.append(payout)

    def lose(self) -> None:
        """README, "No newer ledger is left": put back, cancel, charge what was paid, say again what came back and was granted."""
        self.ledger._engine.dispose()
        shutil.rmtree(self.folder / "now")
        shutil.copytree(self.folder / "back-up", self.folder / "now")
        waiting = [one.payout_id for one in self.desk.payouts() if one.state in ("PROPOSED", "APPROVED")]
        self.desk.cancel(waiting, "ann", "restored")
        if self.kept.exists():
            known = {sha256 for _, name, sha256, _ in self.desk.files() if name == "control.json"}
            self._post(*uncharged(charges_of(self.kept, known), self.adjustments.all()))
        exported = {one.payout_id for one in self.desk.payouts() if one.state == "EXPORTED"}
        for lost in self.came_back:
            if lost.payout_id in exported:
                self.desk.fail([lost.payout_id], "cid", "again", self.day)
            else:
                why = hashlib.sha256(lost.payout_id.encode()).hexdigest()
                self._post(Request("GRANT", "returned", *lost.owner, lost.amount_cents, lost.payout_id, "bank", why))
        for number, one in enumerate(self.granted):
            self._post(one.request._replace(note=f"again on {self.day}: {number}"))
        self.owe()

    def _post(self, *requests: Request) -> None:
        asked = self.adjustments.ask_all(requests, "ann")
        waiting = [one.adjustment_id for one in asked if one.decision is None]
        self.adjustments.approve(waiting, "bob", self.day)


@settings(max_examples=30, deadline=None)
@given(STEPS)
def test_what_banks_paid_and_what_is_payable_is_always_what_is_owed(steps: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        office = RestoredOffice(Path(folder))
        for step in [*steps, ("lose",), ("pay",), ("pay",)]:
            office.take(step)
        payable, earned = office.balance("payable"), office.earned()
        for key in {*payable, *office.bank, *earned}:
            assert payable[key] + office.bank[key] == earned[key]
        for (_, instrument), cents in payable.items():
            assert cents <= 0 or (instrument == "CASH" and cents < 5_000)
        assert office.ledger.verify() == [] and office.desk.faults() == [] and office.adjustments.faults() == []
