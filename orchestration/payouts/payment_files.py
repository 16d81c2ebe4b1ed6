"""The files of one export of payouts, and the control totals that they must agree with (rulebook, section 4, "Files").

Pure functions: no database, no clock, no file system; the same payouts give the same bytes in whatever order they come. Does not
belong here: what stands in the bank's XML (``credit_transfers``), which payouts are exported, and where files lie.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from operator import attrgetter
from typing import Any, Final, NamedTuple

from orchestration.errors import RefusedError
from orchestration.ledger.chain import Head
from orchestration.ledger.entries import BENEFICIARY_TYPES, INSTRUMENTS
from orchestration.payouts.credit_transfers import (
    CURRENCY,
    CreditTransfer,
    Debtor,
    dollars,
    end_to_end_id,
    message,
)
from orchestration.payouts.spreadsheet_cells import csv_bytes

__all__ = ["FILES", "Debtor", "Payment", "rendered"]

FILES: Final[dict[str, tuple[str, ...]]] = {
    "CASH": ("cash.pain001.xml", "cash.csv"),
    "AD_CREDIT": ("ad_credit.jsonl",),
    "SHOP_CREDIT": ("shop_credit.jsonl",),
}
"""Instrument → the files that say each of its payouts, once each."""

CONTROL: Final = "control.json"

_CASH_COLUMNS: Final = (
    "payout_id",
    "end_to_end_id",
    "beneficiary_type",
    "beneficiary_id",
    "payee_id",
    "amount",
    "currency",
    "payout_day",
)


class Payment(NamedTuple):
    """One payout of an export: amount_cents > 0, US cents; payee_id is who gets it, payout_day a plain date."""

    payout_id: str
    beneficiary_type: str
    beneficiary_id: str
    instrument: str
    payee_id: str
    amount_cents: int
    payout_day: date


def rendered(previous: Head, as_of: date, payments: Sequence[Payment], debtor: Debtor) -> dict[str, bytes]:
    """File name → content, of the instruments that there are, and control.json: count, cents and SHA-256 of each file.

    ``previous`` is the ledger's head that the PAY posting follows on, ``as_of`` that posting's. Raises RefusedError naming the
    payout that cannot be paid so: of no amount, instrument, beneficiary or payee, twice in the export, or not fit for the bank's
    file; SettingsError for the debtor.
    """
    posting_no = previous.posting_no + 1
    # A ledger put back from a back-up may come to a posting of this number and day again: a bank refuses a message id it has seen.
    message_id = f"PAY-{as_of.isoformat()}-{posting_no}-{previous.hash[:8]}"
    ordered = sorted(payments, key=attrgetter("payout_id"))
    _require_payable(ordered)
    by_instrument = {
        instrument: paid
        for instrument in INSTRUMENTS
        if (paid := [payment for payment in ordered if payment.instrument == instrument])
    }
    files: dict[str, bytes] = {}
    for instrument, paid in by_instrument.items():
        contents = _cash(message_id, as_of, paid, debtor) if instrument == "CASH" else (_grants(paid),)
        files.update(zip(FILES[instrument], contents, strict=True))
    return {**files, CONTROL: _control(posting_no, as_of, by_instrument, files)}


def _require_payable(payments: Sequence[Payment]) -> None:
    known: set[str] = set()
    for payment in payments:
        fault = _fault(payment)
        if fault or payment.payout_id in known:
            raise RefusedError(
                f"payout {payment.payout_id!r} {fault or 'is twice in the export'}; nothing was written: cancel it"
            )
        known.add(payment.payout_id)


def _fault(payment: Payment) -> str | None:
    """What is wrong with a payout, whichever file it is for."""
    if type(payment.amount_cents) is not int or payment.amount_cents <= 0:
        return f"is of {payment.amount_cents!r} cents, and a payout is of a whole number of cents above 0"
    if payment.instrument not in INSTRUMENTS:
        return f"has instrument {payment.instrument!r}, and an instrument is {', '.join(INSTRUMENTS)}"
    if payment.beneficiary_type not in BENEFICIARY_TYPES:
        return f"is for a {payment.beneficiary_type!r}, and a beneficiary is a {', '.join(BENEFICIARY_TYPES)}"
    for name in ("payout_id", "beneficiary_id", "payee_id"):
        text: str = getattr(payment, name)
        if not text:
            return f"has no {name}"
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            return f"has the broken text {text!r} as its {name}"
    return None


def _cash(message_id: str, as_of: date, payments: Sequence[Payment], debtor: Debtor) -> tuple[bytes, bytes]:
    """The bank's XML and the CSV, in the order of ``FILES``."""
    transfers = [
        CreditTransfer(payment.payout_id, payment.amount_cents, payment.beneficiary_id, payment.payee_id)
        for payment in payments
    ]
    return message(message_id, as_of, debtor, transfers), _cash_csv(payments)


def _cash_csv(payments: Sequence[Payment]) -> bytes:
    """RFC 4180 with LF. The amount is a number and stays one; every other cell is text."""
    return csv_bytes(
        _CASH_COLUMNS,
        (
            (
                payment.payout_id,
                end_to_end_id(payment.payout_id),
                payment.beneficiary_type,
                payment.beneficiary_id,
                payment.payee_id,
                dollars(payment.amount_cents),
                CURRENCY,
                payment.payout_day,
            )
            for payment in payments
        ),
    )


def _grants(payments: Sequence[Payment]) -> bytes:
    """One grant of credit a line, as canonical JSON: keys sorted, nothing but ASCII, no blanks."""
    return "".join(
        json.dumps(
            {
                "grant_id": payment.payout_id,
                "beneficiary_type": payment.beneficiary_type,
                "beneficiary_id": payment.beneficiary_id,
                "payee_id": payment.payee_id,
                "instrument": payment.instrument,
                "amount_cents": payment.amount_cents,
            },
            sort_keys=True,
            separators=(",", ":"),
        )
        + "\n"
        for payment in payments
    ).encode()


def _control(
    posting_no: int, as_of: date, by_instrument: Mapping[str, Sequence[Payment]], files: Mapping[str, bytes]
) -> bytes:
    """Totals by file and by instrument; instruments are never added together."""
    totals = {
        instrument: {"count": len(paid), "total_cents": sum(payment.amount_cents for payment in paid)}
        for instrument, paid in by_instrument.items()
    }
    content: dict[str, Any] = {
        "posting_no": posting_no,
        "as_of": as_of.isoformat(),
        "instruments": totals,
        "files": {
            name: {"sha256": hashlib.sha256(files[name]).hexdigest(), **totals[instrument]}
            for instrument in totals
            for name in FILES[instrument]
        },
    }
    return control_bytes(content)


def control_bytes(content: Mapping[str, Any]) -> bytes:
    """Totals as they are written: one text for one content."""
    return (json.dumps(content, sort_keys=True, indent=2) + "\n").encode()
