"""The postings of a ledger as they stand: what each says about itself, and its hash.

Does not belong here: their entries (``Ledger.entries``), and the time of recording, which is not hashed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select

from orchestration.errors import RefusedError
from orchestration.ledger.chain import Header
from orchestration.ledger.store import rows_of
from orchestration.ledger.tables import POSTINGS


class Posting(NamedTuple):
    """One posting: its header, and the hash that covers it, its entries and every posting before."""

    header: Header
    hash: str


def day_of(text: str) -> date:
    """The day that a row of the ledger names; RefusedError where it was changed to none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RefusedError(
            f"the ledger names the day {ascii(text)}, which is none: a row was changed; restore it from a back-up"
        ) from None


def postings(connection: Connection, posting_no: int | None = None) -> Iterator[Posting]:
    """The postings in their order, or the one of that number, if there is one."""
    columns = [POSTINGS.c[name] for name in (*Header._fields, "hash")]
    wanted = [POSTINGS.c.posting_no == posting_no] if posting_no is not None else []
    for row in rows_of(connection, select(*columns).where(*wanted).order_by(POSTINGS.c.posting_no)):
        yield Posting(Header._make(row[:-1]), row[-1])
