"""Who is paid on a payout day, and who is not and why: plain functions over payable lines (rulebook, section 4).

Does not belong here: where lines and payees come from, states, and what is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final, NamedTuple
from urllib.parse import quote

from orchestration.ledger.entries import MAX_CENTS
from orchestration.payouts.credit_transfers import unfit

MINIMUM_CENTS: Final = {"CASH": 5_000}
"""The least that a payout of an instrument may be; 0 where none is named."""

LONGEST_KEY: Final = 2_000
"""Bytes in the key of a payout's line; one that has some 2,700 finds no room in PostgreSQL's indexes, nor do all others then."""

MISSING_PAYEE: Final = "payee_id is missing"
MISSING_TAX_FORM: Final = "tax form is missing"


class Owner(NamedTuple):
    """Whose balance, of which instrument."""

    beneficiary_type: str
    beneficiary_id: str
    instrument: str


class Line(NamedTuple):
    """What is payable under one award key, or one adjustment's, and in no payout that stands; cents, may be negative."""

    program_id: str
    period: str
    subject_id: str
    component: str
    amount_cents: int


class Payee(NamedTuple):
    """Where a beneficiary's money goes; None where that is not known."""

    payee_id: str | None
    has_tax_form: bool


NOBODY: Final = Payee(None, has_tax_form=False)


class Proposal(NamedTuple):
    """A payout of a whole balance: ``amount_cents`` is the sum of its lines, which come in the order of their keys."""

    payout_id: str
    owner: Owner
    day: date
    payee_id: str
    amount_cents: int
    lines: tuple[Line, ...]


class Unpaid(NamedTuple):
    """A balance other than 0 that gets no payout, and why; ``is_held`` where somebody has to act first."""

    owner: Owner
    balance_cents: int
    reason: str
    is_held: bool


def payout_id(owner: Owner, day: date) -> str:
    """What the payout of an owner on a day is called: it cannot exist twice."""
    kind, beneficiary, instrument = owner
    return f"{kind}:{quote(beneficiary, safe='')}|{instrument}|{day.isoformat()}"


def decided(
    payable: Mapping[Owner, Iterable[Line]],
    payees: Mapping[tuple[str, str], Payee],
    taken: Mapping[Owner, str],
    day: date,
) -> Iterator[Proposal | Unpaid]:
    """One payout or one reason for every owner with a balance other than 0, in the order of owners.

    ``payable``: lines in no payout that stands. ``taken``: why an owner can have no payout now, whatever the balance; one who is
    held is told so first, since no other day pays that one.
    ``payees``: by beneficiary type and id; members need no entry.
    """
    for owner in sorted(payable):
        lines = tuple(sorted(line for line in payable[owner] if line.amount_cents))
        balance = sum(line.amount_cents for line in lines)
        if not balance:
            continue
        payee = payee_of(owner, payees)
        if balance > 0 and (reason := hold_reason(owner, payee) or _too_long(payout_id(owner, day), lines)):
            yield Unpaid(owner, balance, reason, is_held=True)
        elif reason := taken.get(owner):
            yield Unpaid(owner, balance, reason, is_held=False)
        elif balance < 0:
            yield Unpaid(owner, balance, "the balance is negative and carries forward", is_held=False)
        elif balance > MAX_CENTS:
            yield Unpaid(owner, balance, f"the balance is above {MAX_CENTS} cents, the most of one entry", is_held=True)
        elif balance < MINIMUM_CENTS.get(owner.instrument, 0):
            yield Unpaid(owner, balance, "the balance is below the minimum and carries forward", is_held=False)
        else:
            yield Proposal(payout_id(owner, day), owner, day, str(payee.payee_id), balance, lines)


def payee_of(owner: Owner, payees: Mapping[tuple[str, str], Payee]) -> Payee:
    """Where an owner's money goes: a member's to the member."""
    if owner.beneficiary_type == "MEMBER":
        return Payee(f"MEMBER:{owner.beneficiary_id}", has_tax_form=True)
    return payees.get((owner.beneficiary_type, owner.beneficiary_id), NOBODY)


def hold_reason(owner: Owner, payee: Payee) -> str | None:
    """What holds a positive balance: cash needs a payee and a tax form, credits a payee.

    One whom no payment file can pay is held too, or all others would wait for that one's export.
    """
    payee_id = payee.payee_id or ""
    # Blanks of any width are no name.
    if not any(sign.isprintable() and not sign.isspace() for sign in payee_id):
        return MISSING_PAYEE
    if owner.instrument == "CASH" and not payee.has_tax_form:
        return MISSING_TAX_FORM
    return unfit(owner.beneficiary_id, payee_id) if owner.instrument == "CASH" else None


def _too_long(name: str, lines: Iterable[Line]) -> str | None:
    """Why a payout of that name and lines cannot be kept, in words; None where it can."""
    longest = max(len("".join((name, *line[:4])).encode()) for line in lines)
    return f"its ids come to {longest} bytes, a payout's to at most {LONGEST_KEY}" if longest > LONGEST_KEY else None
