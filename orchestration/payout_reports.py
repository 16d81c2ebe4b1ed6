"""Payouts beside the marts: relations of the warehouse, schema ``ledger``, made anew in each run.

Does not belong here: who is paid (``payouts``), and reports over ledger entries (``reports``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import duckdb
import polars as pl

from orchestration.ledger.payout_states import APPROVED, EXPORTED, FAILED
from orchestration.payouts.proposals import Unpaid
from orchestration.payouts.records import Payout
from orchestration.reports import load_rows

_TEXT: Final = pl.String()
_PAYOUTS: Final = pl.Schema(
    {
        "payout_id": _TEXT,
        "beneficiary_type": _TEXT,
        "beneficiary_id": _TEXT,
        "instrument": _TEXT,
        "payout_day": pl.Date(),
        "payee_id": _TEXT,
        "amount_cents": pl.Int64(),
        "state": _TEXT,
        "reason": _TEXT,
        "proposed_by": _TEXT,
        "approved_by": _TEXT,
        "export_posting_no": pl.Int64(),
        "return_posting_no": pl.Int64(),
    }
)
_LINES: Final = pl.Schema(
    {
        "payout_id": _TEXT,
        "program_id": _TEXT,
        "period": _TEXT,
        "beneficiary_type": _TEXT,
        "beneficiary_id": _TEXT,
        "subject_id": _TEXT,
        "component": _TEXT,
        "instrument": _TEXT,
        "amount_cents": pl.Int64(),
    }
)
_UNPAID: Final = pl.Schema(
    {
        "beneficiary_type": _TEXT,
        "beneficiary_id": _TEXT,
        "instrument": _TEXT,
        "balance_cents": pl.Int64(),
        "is_held": pl.Boolean(),
        "reason": _TEXT,
    }
)


def load_payouts(connection: duckdb.DuckDBPyConnection, payouts: Iterable[Payout], unpaid: Iterable[Unpaid]) -> None:
    """Copies payouts with their state, their lines by award key, and balances without a payout into the warehouse, whole."""
    found = list(payouts)
    load_rows(connection, "payouts", _PAYOUTS, [_row(payout) for payout in found])
    load_rows(connection, "payout_lines", _LINES, [row for payout in found for row in _lines(payout)])
    rows = [(*one.owner, one.balance_cents, one.is_held, one.reason) for one in unpaid]
    load_rows(connection, "unpaid_balances", _UNPAID, rows)


def _row(payout: Payout) -> tuple[Any, ...]:
    approved, exported, failed = (payout.step(state) for state in (APPROVED, EXPORTED, FAILED))
    return (
        payout.payout_id,
        *payout.owner,
        payout.day,
        payout.payee_id,
        payout.amount_cents,
        payout.state,
        payout.steps[-1].reason or None,
        payout.steps[0].by_name,
        approved and approved.by_name,
        exported and exported.posting_no,
        failed and failed.posting_no,
    )


def _lines(payout: Payout) -> Iterable[tuple[Any, ...]]:
    kind, beneficiary, instrument = payout.owner
    for line in payout.lines:
        yield (
            payout.payout_id,
            line.program_id,
            line.period,
            kind,
            beneficiary,
            line.subject_id,
            line.component,
            instrument,
            line.amount_cents,
        )
