"""Payments that were made and that a restored ledger no longer knows: each is charged once, so that it is not paid again.

Does not belong here: the files that say what was paid (``lost_exports``), and how an adjustment is posted
(``orchestration.ledger.adjustments``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Final
from urllib.parse import unquote

from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.adjustments import Adjustment, Request
from orchestration.ledger.entries import CHARGE
from orchestration.ledger.payout_states import EXPORTED, FAILED
from orchestration.payouts.payment_files import CONTROL
from orchestration.payouts.proposals import Owner, payout_id
from orchestration.payouts.records import Payout

LOST_PAYMENT: Final = "lost_payment"
"""The reason of every charge for a payment that the ledger lost; its note is the id of the payout."""


def owner_of(name: str) -> Owner:
    """Whose payout has this id; ValueError where none can."""
    whose, instrument, day = name.split("|")
    kind, _, beneficiary = whose.partition(":")
    owner = Owner(kind, unquote(beneficiary, errors="strict"), instrument)
    if payout_id(owner, date.fromisoformat(day)) != name:
        raise ValueError(f"{name} names no payout")
    return owner


def lost_payout(note: str) -> str:
    """The id of the payout that the note of a charge names, whatever more it says."""
    return note.partition(" ")[0]


def uncharged(charges: Iterable[Request], standing: Iterable[Adjustment]) -> list[Request]:
    """The charges that nobody asked for yet, of a payment and an export.

    One that was rejected is not asked for again: somebody looked at it and said that it was not paid.
    """
    known = {(_payment_of(one.request), _export_of(one.request)) for one in standing}
    return [charge for charge in charges if (_payment_of(charge), _export_of(charge)) not in known]


def doubtful(
    waiting: Iterable[Adjustment], standing: Iterable[Adjustment], payouts: Iterable[Payout]
) -> dict[str, str]:
    """Charges by hand, and charges beside one, of a payout that stands otherwise too: a person must look at them; id → why.

    Whether it was the same payment, or one more of the same payout, no file tells. Those of two exports are two payments.
    """
    found: dict[str, str] = {}
    paid = {payout.payout_id: payout for payout in payouts if payout.step(EXPORTED)}
    of_payout: defaultdict[str, list[Adjustment]] = defaultdict(list)
    for charge in standing:
        if charge.decision != "REJECTED" and _is_lost(charge):
            of_payout[lost_payout(charge.request.note)].append(charge)
    for one in filter(_is_lost, waiting):
        payout_id = lost_payout(one.request.note)
        others = [other for other in of_payout[payout_id] if other.adjustment_id != one.adjustment_id]
        if _is_by_hand(one) and (others or payout_id in paid) or any(map(_is_by_hand, others)):
            found[one.adjustment_id] = _where_it_stands(payout_id, paid.get(payout_id), of_payout[payout_id])
    return found


def _where_it_stands(payout_id: str, payout: Payout | None, charges: Iterable[Adjustment]) -> str:
    """Where a payout stands, and what to do; the same sentence for each of its charges, so that nobody rejects them all."""
    told = []
    if payout is not None:
        told.append(
            f"in the ledger ({payout.state}{'' if _counts(payout) else ', so it came back and counts no more'})"
        )
    told += [
        f"as {charge.adjustment_id} ({charge.request.amount_cents} cents, asked for by {charge.requested_by}, "
        f"{charge.decision or 'waits'})"
        for charge in charges
    ]
    return (
        f"{payout_id} stands {', '.join(told)}: keep one that counts for each time that it was paid and did not come back, approve "
        "by id what of them waits, and reject the rest; an approved one is corrected by a grant or a charge of another reason"
    )


def _counts(payout: Payout) -> bool:
    """Whether it was paid and did not come back."""
    return payout.step(EXPORTED) is not None and payout.step(FAILED) is None


def charging(charges: Iterable[Request], standing: Iterable[Adjustment]) -> list[Adjustment]:
    """Every adjustment that charges one of these payments, those that were rejected too."""
    wanted = {_payment_of(charge) for charge in charges}
    return [adjustment for adjustment in standing if _payment_of(adjustment.request) in wanted]


def require_lost(charge: Request, by: str, standing: Iterable[Adjustment], payouts: Iterable[Payout]) -> None:
    """Holds a charge by hand to a payment that the ledger neither has nor charged.

    SettingsError where its note does not begin with the id of a payout of that account, RefusedError where it counts already. More
    words in the note make it another payment: the same one, that was sent a second time.
    """
    owner = Owner(charge.beneficiary_type, charge.beneficiary_id, charge.instrument)
    try:
        named = owner_of(lost_payout(charge.note))
    except ValueError:
        named = None
    if named != owner:
        raise SettingsError(
            f"the note of a {LOST_PAYMENT} begins with its payout's id, which names the account and instrument that are charged: "
            f"{payout_id(owner, date(2026, 1, 15))} for one of that day"
        )
    if charge.evidence_name == CONTROL:
        raise SettingsError(
            f"{CONTROL} is what `incentives adjust charge-lost` reads: name its folder to that, or other evidence here"
        )
    again = "if it was paid twice, say so after the id in the note"
    for payout in payouts:
        if payout.payout_id == charge.note and _counts(payout):
            raise RefusedError(f"the ledger has {payout.payout_id}, {payout.state}, and counts it: {again}")
    for found in charging([charge], standing):
        if found.decision != "REJECTED" and (found.request, found.requested_by, found.decision) != (charge, by, None):
            raise RefusedError(
                f"{found.adjustment_id} charges {charge.note} already, by {found.request.amount_cents} cents: {again}; "
                "if that one is wrong, reject it, or correct it by a grant or a charge of another reason"
            )


def _is_lost(adjustment: Adjustment) -> bool:
    return (adjustment.request.entry_type, adjustment.request.reason) == (CHARGE, LOST_PAYMENT)


def _is_by_hand(charge: Adjustment) -> bool:
    return charge.request.evidence_name != CONTROL


def _payment_of(request: Request) -> Request:
    """A request but for its amount and evidence: the account, why, and the note."""
    return request._replace(amount_cents=0, evidence_name="", evidence_sha256="")


def _export_of(request: Request) -> str:
    """The export that a charge is of; that by hand is of none."""
    return request.evidence_sha256 if request.evidence_name == CONTROL else ""
