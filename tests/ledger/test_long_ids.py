"""Ids that are longer than a database can index: they hold up their own payout and nobody else's, on either database."""

from __future__ import annotations

import hashlib
from datetime import date

from awards_by_hand import final, post

from orchestration.ledger.ledger import Ledger
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Payee, Proposal


def test_whom_no_index_can_name_is_held_and_keeps_nobody_waiting(ledger: Ledger) -> None:
    """PostgreSQL's indexes take some 2,700 bytes of a name that does not compress: of a payout, or of one of its lines."""
    long = "".join(hashlib.sha256(bytes([number])).hexdigest() for number in range(60))
    others = final(50_000, beneficiary_id=long), final(50_000, beneficiary_id="P3", subject_id=long)
    post(ledger, "2025-10-02", final(50_000), *others)
    payees = {("PARTNER", name): Payee("account", True) for name in ("P1", "P3", long)}
    found = Payouts(ledger._engine).propose(date(2025, 10, 15), payees, "Ann")
    assert {one.owner.beneficiary_id: isinstance(one, Proposal) for one in found} == {
        "P1": True,
        "P3": False,
        long: False,
    }
