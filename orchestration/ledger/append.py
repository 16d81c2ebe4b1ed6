"""Appending one posting of any kind: its entries numbered and hashed as they come, then the header that seals them.

Does not belong here: which entries a posting holds, and the transaction it stands in (the caller's).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import chain, islice
from typing import Any, Final

from sqlalchemy import Connection, insert

from orchestration.ledger.chain import Head, Header, Seal, require_plain, sums_text, text_of
from orchestration.ledger.entries import Movement
from orchestration.ledger.tables import ENTRIES, POSTINGS

BATCH: Final = 1_000
"""Entries that are hashed, and written by one statement, at once: 14 parameters each, and SQLite takes 32,766 of them."""

_BY_COLUMN: Final = "INSERT INTO entries SELECT * FROM unnest({})".format(
    ", ".join("%s::bigint[]" if column.type.python_type is int else "%s::text[]" for column in ENTRIES.columns)
)


def append(
    connection: Connection,
    head: Head,
    *,
    kind: str,
    as_of: date,
    inputs_hash: str,
    terms_hash: str,
    movements: Iterable[Movement],
) -> Head:
    """Write the movements as one posting after ``head`` and return the new head; without movements, ``head`` itself."""
    posting_no, entry_no = head.posting_no + 1, head.entry_no
    seal = Seal(head.hash)
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    coming = iter(movements)
    while batch := list(islice(coming, BATCH)):
        rows = [(number, posting_no, *movement) for number, movement in enumerate(batch, entry_no + 1)]
        lines = text_of(rows)
        require_plain(lines, rows)
        seal.add(lines)
        _write(connection, rows)
        entry_no += len(rows)
        for row in rows:
            sums[row[2], row[9]] += row[13]
    if entry_no == head.entry_no:
        return head
    header = Header(
        posting_no=posting_no,
        kind=kind,
        as_of=as_of.isoformat(),
        inputs_hash=inputs_hash,
        terms_hash=terms_hash,
        entry_count=entry_no - head.entry_no,
        last_entry_no=entry_no,
        sums=sums_text(sums),
        previous_hash=head.hash,
    )
    posting_hash = seal.close(header)
    recorded_at = datetime.now(UTC).isoformat(timespec="seconds")
    connection.execute(insert(POSTINGS).values(**header._asdict(), hash=posting_hash, recorded_at=recorded_at))
    return Head(posting_no, entry_no, posting_hash)


def _write(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    # The driver's own words, many rows a statement: SQLAlchemy's, on a mapping a row, costs as much as the rest
    # together, and with a statement a row SQLite gets ready to undo each row alone.
    if connection.dialect.name == "sqlite":
        row = f"({', '.join('?' * len(ENTRIES.columns))})"
        values = tuple(chain.from_iterable(rows))
        connection.exec_driver_sql(f"INSERT INTO entries VALUES {', '.join([row] * len(rows))}", values)
    else:  # A parameter a column: one a field costs three times as much.
        connection.exec_driver_sql(_BY_COLUMN, tuple(map(list, zip(*rows, strict=True))))
