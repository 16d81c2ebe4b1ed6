"""A small ledger with something to pay, for tests of payouts: awards that are final, their payees, and who pays.

Does not belong here: what a test expects.
"""

from __future__ import annotations

from datetime import date

from orchestration.ledger.entries import FINAL, Award, AwardKey
from orchestration.ledger.ledger import Ledger
from orchestration.payouts.payment_files import Debtor
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Payee

KEY = AwardKey("tsp_daily_gmv_2025q4", "2025-10-01..2025-12-31", "PARTNER", "P1", "", "daily_gmv", "CASH")
PAID = "account-of-p1"
PAYEES = {("PARTNER", "P1"): Payee(PAID, has_tax_form=True), ("PARTNER", "P2"): Payee("account-of-p2", True)}
DEBTOR = Debtor("Marketplace Inc.", "000123456789", "BANKUS33XXX")


def final(amount_cents: int, **key: str) -> Award:
    """A final award of P1, other parts of its key by name."""
    return Award(KEY._replace(**key), amount_cents, FINAL)


def owed(ledger: Ledger, day: str, *awards: Award) -> None:
    """Posts these awards as all that is owed as of a day."""
    ledger.post_awards(date.fromisoformat(day), awards, f"inputs of {day}", "terms", {})


def desk_of(ledger: Ledger) -> Payouts:
    """The payouts of that ledger."""
    return Payouts(ledger._engine)
