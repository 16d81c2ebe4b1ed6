"""The chain: every posting's hash covers the hash before it, all of its entries in order, and its header.

The text that is hashed (SHA-256, UTF-8) is one line per thing, fields apart by a tab, ended by a line feed: the hash
before, each entry's columns in the order of ``Entry``, then the header's in the order of ``Header``; nothing stands for
NULL. So a person can recompute it with a query and sha256sum. The time of recording stands outside.
Does not belong here: reading and writing postings.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from orchestration.errors import RefusedError

GENESIS: Final = "0" * 64
"""What stands as the hash before the first posting."""

NO_TERMS: Final = ""
"""What stands as the terms hash of postings that rest on no terms."""

ENTRY_TABS: Final = 13
"""Tabs in an entry's line: one fewer than its columns."""


class Head(NamedTuple):
    """How far the ledger goes: numbers of its last posting and entry (0 in an empty one) and its hash.

    Recorded elsewhere it is an anchor, which finds a tail that was cut off.
    """

    posting_no: int
    entry_no: int
    hash: str


EMPTY: Final = Head(0, 0, GENESIS)


def recorded_head(text: str) -> Head:
    """The head that was recorded as JSON, its fields by name; ValueError where the text is none."""
    try:
        told = json.loads(text)
    except RecursionError as error:
        raise ValueError("a head is not nested") from error
    fields = {name: type(value) for name, value in told.items()} if isinstance(told, dict) else {}
    if fields != {"posting_no": int, "entry_no": int, "hash": str}:
        raise ValueError(f"a head has the fields {', '.join(Head._fields)}")
    return Head(**told)


class Header(NamedTuple):
    """What a posting says about itself: as_of is YYYY-MM-DD, sums the canonical JSON of ``sums_text``.

    ``terms_hash`` of AWARDS postings: of the terms versions in use, then the seal over all ever used (``used_terms``).
    """

    posting_no: int
    kind: str
    as_of: str
    inputs_hash: str
    terms_hash: str
    entry_count: int
    last_entry_no: int
    sums: str
    previous_hash: str


class Seal:
    """The hash of one posting while its entries go by."""

    def __init__(self, previous_hash: str) -> None:
        self._sha256 = hashlib.sha256(f"{previous_hash}\n".encode())

    def add(self, entries_text: str) -> None:
        """Cover the next entries, as ``text_of`` writes them."""
        self._sha256.update(entries_text.encode())

    def close(self, header: Header) -> str:
        """The posting's hash, in hexadecimal digits."""
        self._sha256.update(header_text(header).encode())
        return self._sha256.hexdigest()


def header_text(header: Header) -> str:
    """The header's line."""
    return "\t".join(map(str, header)) + "\n"


def text_of(rows: Sequence[tuple[Any, ...]]) -> str:
    """The lines of entries, each a tuple in the order of ``Entry``."""
    return "".join(
        [
            f"{entry_no}\t{posting_no}\t{entry_type}\t{program_id or ''}\t{period or ''}\t{beneficiary_type}\t"
            f"{beneficiary_id}\t{subject_id}\t{component or ''}\t{instrument}\t{payout_id or ''}\t"
            f"{debit_account}\t{credit_account}\t{amount_cents}\n"
            for (
                entry_no,
                posting_no,
                entry_type,
                program_id,
                period,
                beneficiary_type,
                beneficiary_id,
                subject_id,
                component,
                instrument,
                payout_id,
                debit_account,
                credit_account,
                amount_cents,
            ) in rows
        ]
    )


def require_plain(text: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """RefusedError where a field holds what parts fields or lines, so that no two entries read alike, or no UTF-8."""
    tabs_and_lines = text.count("\t"), text.count("\n")
    if (
        tabs_and_lines == (ENTRY_TABS * len(rows), len(rows))
        and (text.isascii() or _is_utf8(text))
        and "\0" not in text
    ):
        return
    for row in rows:
        for field in row:
            if isinstance(field, str) and (not _is_utf8(field) or any(sign in field for sign in "\t\n\0")):
                raise RefusedError(
                    f"{field!r} cannot stand in the ledger: an id holds no tab, line break or broken text"
                )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def hash_of(told: Any) -> str:
    """The inputs hash of a posting that people make: SHA-256 over what it rests on, as canonical JSON."""
    return hashlib.sha256(json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def sums_text(sums: Mapping[tuple[str, str], int]) -> str:
    """Cents by (entry type, instrument) as JSON, the same text for the same sums."""
    nested: dict[str, dict[str, int]] = {}
    for (entry_type, instrument), cents in sums.items():
        nested.setdefault(entry_type, {})[instrument] = cents
    return json.dumps(nested, sort_keys=True, separators=(",", ":"))
