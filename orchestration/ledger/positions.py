"""What is posted under every award key: the last checkpoint, and the entries since.

A checkpoint is all positions after one posting, so that a day's posting reads as much as there are keys and not as much
as there is history. It is worked out from the entries alone, never changed, and an audit compares it with them.
Does not belong here: what the positions should be (``posting``).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from sqlalchemy import ColumnElement, Connection, case, cast, func, insert, select

from orchestration.ledger.chain import Head
from orchestration.ledger.entries import APPROVED_SIGNS, AWARDS, KINDS, PENDING_SIGNS, AwardKey
from orchestration.ledger.posting import Position
from orchestration.ledger.store import rows_of
from orchestration.ledger.tables import CHECKPOINTS, ENTRIES, WHOLE

LEAST_ENTRIES: Final = 100_000
"""Entries that are summed anew at every posting rather than kept in a checkpoint: a fraction of a second's work."""

_BATCH: Final = 1_000
_PIECE: Final = 1 << 16


def positions(connection: Connection, head: Head) -> Iterator[Position]:
    """Every award key with something pending or approved up to the head, in the order of keys."""
    statement = select(CHECKPOINTS.c.last_entry_no, CHECKPOINTS.c.positions)
    last = connection.execute(statement.order_by(CHECKPOINTS.c.posting_no.desc()).limit(1)).first()
    kept, after = (unpacked(last.positions), last.last_entry_no) if last else (iter(()), 0)
    for position in _added(kept, _moved(connection, after, head.entry_no)):
        if position[1] or position[2]:
            yield position


def keep_checkpoint(connection: Connection, head: Head, after_it: Iterable[tuple[AwardKey, int, int]]) -> None:
    """Keep all positions after the head's posting, once as many entries came since the last time as it held positions.

    So the work of all checkpoints together stays in proportion to the entries. The positions come in the order of keys.
    """
    statement = select(CHECKPOINTS.c.last_entry_no, CHECKPOINTS.c.position_count)
    last = connection.execute(statement.order_by(CHECKPOINTS.c.posting_no.desc()).limit(1)).first()
    after, count = (last.last_entry_no, last.position_count) if last else (0, 0)
    if head.entry_no - after < max(LEAST_ENTRIES, count):
        return
    text, count = _packed(after_it)
    values = {"posting_no": head.posting_no, "last_entry_no": head.entry_no, "position_count": count}
    connection.execute(insert(CHECKPOINTS).values(**values, positions=text))


def _packed(after_it: Iterable[tuple[AwardKey, int, int]]) -> tuple[bytes, int]:
    """Positions as compressed text, a line each with a tab after each field, and their number."""
    packer, pieces, count, coming = zlib.compressobj(level=1), [], 0, iter(after_it)
    while batch := list(islice(coming, _BATCH)):
        lines = ["\t".join(key) + f"\t{pending}\t{approved}\t\n" for key, pending, approved in batch]
        pieces.append(packer.compress("".join(lines).encode()))
        count += len(batch)
    return b"".join([*pieces, packer.flush()]), count


def unpacked(text: bytes) -> Iterator[Position]:
    """The positions of a checkpoint, unpacked as they are used."""
    unpacker, rest = zlib.decompressobj(), b""
    for start in range(0, len(text), _PIECE):
        *lines, rest = (rest + unpacker.decompress(text[start : start + _PIECE])).split(b"\n")
        for line in lines:
            *key, pending, approved, _ = line.decode().split("\t")
            yield Position(AwardKey._make(key), int(pending), int(approved))


def _added(kept: Iterable[Position], moved: Iterator[Position]) -> Iterator[Position]:
    """Two streams of positions in the order of keys as one, those of one key added."""
    other = next(moved, None)
    for position in kept:
        while other is not None and other[0] < position[0]:
            yield other
            other = next(moved, None)
        if other is not None and other[0] == position[0]:
            yield Position(position[0], position[1] + other[1], position[2] + other[2])
            other = next(moved, None)
        else:
            yield position
    while other is not None:
        yield other
        other = next(moved, None)


def _moved(connection: Connection, after: int, through: int) -> Iterator[Position]:
    """What the entries after one and through another moved under each award key, in the order of keys."""
    key = [ENTRIES.c[name] for name in AwardKey._fields]
    # Bounded above, so that the entries that a posting writes while it reads this never come into it.
    statement = (
        select(*key, _signed_sum(PENDING_SIGNS), _signed_sum(APPROVED_SIGNS))
        .where(ENTRIES.c.entry_no > after, ENTRIES.c.entry_no <= through, ENTRIES.c.entry_type.in_(KINDS[AWARDS]))
        .group_by(*key)
        .order_by(*key)
    )
    for row in rows_of(connection, statement):
        yield Position(AwardKey._make(row[:7]), row[7], row[8])


def _signed_sum(signs: Mapping[str, int]) -> ColumnElement[int]:
    moves = {name: sign * ENTRIES.c.amount_cents for name, sign in signs.items()}
    return cast(func.sum(case(moves, value=ENTRIES.c.entry_type, else_=0)), WHOLE)
