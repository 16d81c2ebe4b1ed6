"""Payments that were made and that the ledger no longer knows, read from the files of their exports that were kept.

A ledger that was restored from a back-up lacks what was exported since, and would pay it again. Does not belong here: how such a
payment is charged (``lost_payments``), and what the files look like (``payment_files``).
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from io import StringIO
from pathlib import Path
from typing import Any, Final, NamedTuple

from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.adjustments import Request
from orchestration.ledger.entries import CHARGE
from orchestration.payouts.exports import HEAD
from orchestration.payouts.lost_payments import LOST_PAYMENT, owner_of
from orchestration.payouts.payment_files import CONTROL, FILES, control_bytes
from orchestration.payouts.proposals import Owner


class KeptPayment(NamedTuple):
    """One payment as a kept file names it, in cents; its id says whose it is."""

    payout_id: str
    owner: Owner
    amount_cents: int


def charges_of(kept: Path, known: Collection[str]) -> list[Request]:
    """A charge of each payment in a kept ``payouts`` folder whose export the ledger does not have.

    ``known``: SHA-256 of the totals of every export that the ledger has. The evidence of a charge is its export's totals, its note
    the payout's id; copies of one export are one. SettingsError where no export is there, RefusedError naming what is not as it was
    exported.
    """
    folders = sorted(kept.glob("export-*"))
    if not folders:
        raise SettingsError(f"{kept} holds no export; name the `payouts` folder that was kept, with export-... in it")
    for other in sorted({*kept.glob("[!.]*")} - {*folders, kept / HEAD}):
        raise RefusedError(f"{other} is no folder of an export: call it export-... if it is one, or move it away")
    return list(dict.fromkeys(charge for folder in folders for charge in _charges(folder, known)))


def _charges(folder: Path, known: Collection[str]) -> Iterator[Request]:
    control = folder / CONTROL
    totals = _content(control)
    evidence = hashlib.sha256(totals).hexdigest()
    if evidence in known:
        return
    for payment in _payments(folder, totals):
        yield Request(CHARGE, LOST_PAYMENT, *payment.owner, payment.amount_cents, payment.payout_id, CONTROL, evidence)


def _payments(folder: Path, totals: bytes) -> list[KeptPayment]:
    """Every payment of one export, once each, in the order of instruments and payout ids.

    RefusedError naming the file that is missing, was changed, or does not come to the export's totals.
    """
    found: list[KeptPayment] = []
    try:
        told = json.loads(totals)
        # Exports are told apart by these bytes, so that one that was saved anew would be another, and charged again.
        if totals != control_bytes(told):
            raise RefusedError(f"{folder / CONTROL} is not what was exported: {_CURE}")
        for instrument, of_instrument in told["instruments"].items():
            contents = [_exported(folder / name, told["files"][name]) for name in FILES[instrument]]
            rows = _READERS[instrument](contents[-1])
            payments = [KeptPayment(name, owner_of(name), amount_cents) for name, amount_cents in rows]
            if of_instrument != {"count": len(payments), "total_cents": sum(one.amount_cents for one in payments)}:
                raise RefusedError(f"{folder} does not come to its totals of {instrument}: {_CURE}")
            found += payments
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise RefusedError(f"{folder} holds no export that can be read ({error!r}): {_CURE}") from error
    return found


_CURE: Final = "put the files back as they were exported, or move the folder away if nothing of it was sent or granted"


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise RefusedError(f"{path} is missing: {_CURE}")
    return path.read_bytes()


def _exported(path: Path, told: dict[str, Any]) -> str:
    content = _content(path)
    if hashlib.sha256(content).hexdigest() != told["sha256"]:
        raise RefusedError(f"{path} is not what was exported: {_CURE}")
    return content.decode()


def _cash(text: str) -> Iterator[tuple[str, int]]:
    for row in csv.DictReader(StringIO(text, newline="")):
        whole, _, hundredths = row["amount"].partition(".")
        if len(hundredths) != 2:
            raise ValueError(f"the amount {row['amount']} is not of two decimals")
        yield row["payout_id"], int(whole) * 100 + int(hundredths)


def _grants(text: str) -> Iterator[tuple[str, int]]:
    for line in text.splitlines():
        row = json.loads(line)
        yield row["grant_id"], row["amount_cents"]


_READERS: Final[dict[str, Callable[[str], Iterator[tuple[str, int]]]]] = {
    "CASH": _cash,
    "AD_CREDIT": _grants,
    "SHOP_CREDIT": _grants,
}
