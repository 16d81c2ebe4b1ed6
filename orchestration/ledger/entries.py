"""Awards, entries and their kinds: the words of the ledger (rulebook, section 3).

Does not belong here: when an entry is made (``posting``), how it is stored (``store``) or hashed (``chain``).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from orchestration.ledger.accounts import Role

PROVISIONAL: Final = "PROVISIONAL"
FINAL: Final = "FINAL"

ACCRUE: Final = "ACCRUE"
RELEASE: Final = "RELEASE"
APPROVE: Final = "APPROVE"
ADJUST: Final = "ADJUST"
CLAWBACK: Final = "CLAWBACK"
PAY: Final = "PAY"
RETURN: Final = "RETURN"
GRANT: Final = "GRANT"
CHARGE: Final = "CHARGE"

SIDES: Final[dict[str, tuple[Role, Role]]] = {
    ACCRUE: ("program", "pending"),
    RELEASE: ("pending", "program"),
    APPROVE: ("pending", "payable"),
    ADJUST: ("program", "payable"),
    CLAWBACK: ("payable", "program"),
    PAY: ("payable", "settled"),
    RETURN: ("settled", "payable"),
    GRANT: ("manual", "payable"),
    CHARGE: ("payable", "manual"),
}
"""Entry type → the roles of the accounts it debits and credits."""

AWARDS: Final = "AWARDS"
MANUAL: Final = "MANUAL"

KINDS: Final[dict[str, tuple[str, ...]]] = {
    AWARDS: (ACCRUE, RELEASE, APPROVE, ADJUST, CLAWBACK),
    PAY: (PAY,),
    RETURN: (RETURN,),
    MANUAL: (GRANT, CHARGE),
}
"""Kind of posting → the entry types that it may hold."""

PENDING_SIGNS: Final = {ACCRUE: 1, RELEASE: -1, APPROVE: -1}
"""Entry type → what it does to its key's pending amount."""

APPROVED_SIGNS: Final = {APPROVE: 1, ADJUST: 1, CLAWBACK: -1}
"""Entry type → what it does to its key's approved amount, less clawed back."""

INSTRUMENTS: Final = ("CASH", "AD_CREDIT", "SHOP_CREDIT")
BENEFICIARY_TYPES: Final = ("PARTNER", "CREATOR", "SELLER", "MEMBER")

MAX_CENTS: Final = 10**15
"""The most that one award may be: ten trillion dollars, so that sums of awards stay whole 64-bit numbers."""


class AwardKey(NamedTuple):
    """What one award is called; orders as text, byte by byte, which is how UTF-8 and code points order alike."""

    program_id: str
    period: str
    beneficiary_type: str
    beneficiary_id: str
    subject_id: str
    component: str
    instrument: str

    def __str__(self) -> str:
        return " ".join(part for part in self if part)


class Award(NamedTuple):
    """What is owed under one key as of a day: amount_cents > 0, stage PROVISIONAL or FINAL."""

    key: AwardKey
    amount_cents: int
    stage: str


class Entry(NamedTuple):
    """One entry as it stands in the ledger, in the order of the table's columns: debit → credit, amount_cents > 0.

    ``payout_id`` is for PAY and RETURN alone, which have no award key: their program_id, period and component are None,
    their subject_id is ''.
    """

    entry_no: int
    posting_no: int
    entry_type: str
    program_id: str | None
    period: str | None
    beneficiary_type: str
    beneficiary_id: str
    subject_id: str
    component: str | None
    instrument: str
    payout_id: str | None
    debit_account: str
    credit_account: str
    amount_cents: int


Movement = tuple[str, str | None, str | None, str, str, str, str | None, str, str | None, str, str, int]
"""An entry before it has its numbers: its columns from entry_type on, bare, since a named tuple costs five times that."""
