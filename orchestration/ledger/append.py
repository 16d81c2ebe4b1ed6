"""Appending one posting of any kind: its entries numbered and hashed as they come, then the header that seals them.

Does not belong here: which entries a posting holds, and the transaction it stands in (the caller's).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Table, insert

from orchestration.ledger.accounts import account
from orchestration.ledger.chain import Head, Header, Seal, require_plain, sums_text, text_of
from orchestration.ledger.entries import SIDES, Movement
from orchestration.ledger.store import ENTRIES, POSTINGS

BATCH: Final = 20_000
"""Entries that are hashed and written at once: some tens of megabytes, whatever the size of the posting."""


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
    sums: Counter[tuple[str, str]] = Counter()
    write = _insert_sql(connection, ENTRIES)
    coming = iter(movements)
    while batch := list(islice(coming, BATCH)):
        rows = [_row(number, posting_no, movement) for number, movement in enumerate(batch, entry_no + 1)]
        lines = text_of(rows)
        require_plain(lines, rows)
        seal.add(lines)
        connection.exec_driver_sql(write, rows)
        entry_no += len(rows)
        for movement in batch:
            sums[movement[0], movement[7]] += movement[9]
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


def _row(entry_no: int, posting_no: int, movement: Movement) -> tuple[Any, ...]:
    entry_type, program_id, _, beneficiary_type, beneficiary_id, *_ = movement
    debit, credit = SIDES[entry_type]
    return (
        entry_no,
        posting_no,
        *movement[:9],
        account(debit, program_id, beneficiary_type, beneficiary_id),
        account(credit, program_id, beneficiary_type, beneficiary_id),
        movement[9],
    )


def _insert_sql(connection: Connection, table: Table) -> str:
    # The driver's own statement on plain tuples: SQLAlchemy's, on a mapping a row, costs as much as the rest together.
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    return f"INSERT INTO {table.name} VALUES ({', '.join([mark] * len(table.columns))})"
