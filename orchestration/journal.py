"""The journal of a posting as CSV: each of its entries, beside what the posting says about itself.

Does not belong here: what a posting is (``ledger``), or any sum over entries (``reports``).
"""

from __future__ import annotations

from typing import Final

from orchestration.errors import SettingsError
from orchestration.ledger.entries import Entry
from orchestration.ledger.ledger import Ledger
from orchestration.payouts.credit_transfers import dollars
from orchestration.payouts.spreadsheet_cells import csv_bytes

_OF_POSTING: Final = ("posting_no", "kind", "as_of", "posting_hash", "previous_hash", "inputs_hash", "terms_hash")
_OF_ENTRY: Final = tuple(name for name in Entry._fields if name not in ("posting_no", "amount_cents"))
COLUMNS: Final = (*_OF_POSTING, *_OF_ENTRY, "amount_usd", "amount_cents")
"""The columns of a journal, in their order."""


def journal(ledger: Ledger, posting_no: int) -> bytes:
    """The entries of one posting in their order as CSV (UTF-8, RFC 4180 with LF), the same bytes each time.

    Each row has the posting's number, kind, as_of and hashes, then the entry's columns, its amount in dollars (two decimals) and in
    cents. SettingsError where the ledger has no such posting.
    """
    posting = next(iter(ledger.postings(posting_no)), None)
    if posting is None:
        raise SettingsError(
            f"the ledger has no posting {posting_no}; its last one is {ledger.head().posting_no} (0: nothing was posted yet)"
        )
    header = posting.header
    of_posting = [
        header.posting_no,
        header.kind,
        header.as_of,
        posting.hash,
        header.previous_hash,
        header.inputs_hash,
        header.terms_hash,
    ]
    return csv_bytes(
        COLUMNS,
        (
            [
                *of_posting,
                *(getattr(entry, name) for name in _OF_ENTRY),
                dollars(entry.amount_cents),
                entry.amount_cents,
            ]
            for entry in ledger.entries(posting_no=posting_no)
        ),
    )
