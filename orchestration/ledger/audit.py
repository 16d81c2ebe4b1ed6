"""Auditing the whole ledger: the chain walked, every count, sum and balance recomputed (rulebook, section 3).

Reads only, trusts no stored figure, and names what is wrong in sentences. Does not belong here: the comparison with
awards (``posting.differences``) and with payout files.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, func, select

from orchestration.ledger.accounts import account
from orchestration.ledger.append import BATCH
from orchestration.ledger.chain import EMPTY, Head, Header, Seal, sums_text, text_of
from orchestration.ledger.entries import APPROVED_SIGNS, AWARDS, KINDS, PAY, PENDING_SIGNS, SIDES
from orchestration.ledger.positions import unpacked
from orchestration.ledger.posting import Position
from orchestration.ledger.refusals import missing_keys, missing_triggers, strange_triggers
from orchestration.ledger.store import rows_of
from orchestration.ledger.tables import CHECKPOINTS, ENTRIES, POSTINGS
from orchestration.ledger.used_terms import seal_faults, used_versions

_POSTING_COLUMNS: Final = [POSTINGS.c[name] for name in (*Header._fields, "hash")]


def audit(connection: Connection, anchors: Iterable[Head]) -> Iterator[str]:
    """What is wrong with the ledger, a sentence each; nothing where it is sound.

    ``anchors`` are heads recorded elsewhere: the ledger must hold each of them. Memory grows with the award keys.
    """
    for name in missing_triggers(connection):
        yield f"the store no longer refuses changes: its trigger {name} is missing or altered"
    for name in missing_keys(connection):
        yield f"the store no longer refuses the same twice: the unique key of {name} is missing or altered"
    for name in strange_triggers(connection):
        yield f"the store has the trigger {name}, which the ledger did not make: it would add to what people do"
    postings = [
        (Header(*row[:-1]), row[-1])
        for row in rows_of(connection, select(*_POSTING_COLUMNS).order_by(POSTINGS.c.posting_no))
    ]
    heads = [Head(header.posting_no, header.last_entry_no, posting_hash) for header, posting_hash in postings]
    yield from _anchor_faults(heads, anchors)
    headers = [header for header, _ in postings]
    yield from _chain_faults(headers, heads)
    yield from seal_faults(headers, used_versions(connection))
    balances = _Balances()
    for header, posting_hash in postings:
        yield from _posting_faults(connection, header, posting_hash, balances)
        yield from _checkpoint_faults(connection, header, balances)
    last = heads[-1].entry_no if heads else 0
    if loose := connection.scalar(select(func.count()).where(ENTRIES.c.entry_no > last)):
        yield f"{loose} entries after entry {last} stand in no posting"
    if before := connection.scalar(select(func.count()).where(ENTRIES.c.entry_no < 1)):
        yield f"{before} entries before entry 1 stand in no posting"
    known = {head.posting_no for head in heads}
    for (posting_no,) in rows_of(connection, select(CHECKPOINTS.c.posting_no).order_by(CHECKPOINTS.c.posting_no)):
        if posting_no not in known:
            yield f"a checkpoint stands after posting {posting_no}, and there is no such posting"


def _anchor_faults(heads: list[Head], anchors: Iterable[Head]) -> Iterator[str]:
    standing = {head.posting_no: head for head in (EMPTY, *heads)}
    for anchor in anchors:
        found = standing.get(anchor.posting_no)
        if found is None:
            yield (
                f"posting {anchor.posting_no}, to entry {anchor.entry_no}, was recorded as the head and is missing: "
                "the ledger's tail was cut off, or INCENTIVES_LEDGER_URL names another home's"
            )
        elif found != anchor:
            yield (
                f"posting {anchor.posting_no} was recorded as the head with entry {anchor.entry_no} and hash "
                f"{anchor.hash}, and stands with entry {found.entry_no} and hash {found.hash}"
            )


def _chain_faults(headers: list[Header], heads: list[Head]) -> Iterator[str]:
    """Whether every posting follows on the one before: number, hash, entries, and the day of AWARDS postings."""
    awards_day = ""
    for header, before in zip(headers, (EMPTY, *heads), strict=False):
        name = _name(header)
        if header.posting_no != before.posting_no + 1:
            yield f"postings {before.posting_no + 1} to {header.posting_no - 1} are missing"
        if header.previous_hash != before.hash:
            yield f"{name} does not continue the hash of the posting before it"
        if header.last_entry_no - header.entry_count != before.entry_no:
            yield (
                f"{name} has entries from {header.last_entry_no - header.entry_count + 1} on, "
                f"and the posting before it ends with entry {before.entry_no}"
            )
        if header.kind == AWARDS:
            if header.as_of <= awards_day:
                yield f"{name} is not later than the AWARDS posting of {awards_day} before it"
            awards_day = header.as_of


def _posting_faults(connection: Connection, header: Header, posting_hash: str, balances: _Balances) -> Iterator[str]:
    """Whether a posting holds the entries that its header and hash say, each of them right in itself."""
    name = _name(header)
    seal = Seal(header.previous_hash)
    sums: Counter[tuple[str, str]] = Counter()
    number = header.last_entry_no - header.entry_count
    count = 0
    within = (ENTRIES.c.entry_no > number) & (ENTRIES.c.entry_no <= header.last_entry_no)
    result = connection.execute(
        select(ENTRIES).where(within).order_by(ENTRIES.c.entry_no), execution_options={"stream_results": True}
    )
    for batch in result.partitions(BATCH):
        rows: list[tuple[Any, ...]] = [tuple(row) for row in batch]
        seal.add(text_of(rows))
        count += len(rows)
        faults: list[str] = []
        for row in rows:
            if row[0] != number + 1:
                faults.append(f"entries {number + 1} to {row[0] - 1} are missing from {name}")
            number = row[0]
            sums[row[2], row[9]] += row[13]
            _check_entry(row, header, faults)
            balances.take(row, faults)
        yield from faults
    if count != header.entry_count:
        yield f"{name} says {header.entry_count} entries and holds {count}"
    if sums_text(sums) != header.sums:
        yield f"{name} says the sums {header.sums} and its entries sum to {sums_text(sums)}"
    if seal.close(header) != posting_hash:
        yield f"{name} no longer has its hash: its header or an entry of it was changed, added or taken"


def _checkpoint_faults(connection: Connection, header: Header, balances: _Balances) -> Iterator[str]:
    """Whether the checkpoint after a posting, where there is one, holds what the entries so far sum to.

    Where somebody took the primary key away there may be several, and a posting may read any of them.
    """
    statement = select(CHECKPOINTS).where(CHECKPOINTS.c.posting_no == header.posting_no)
    for checkpoint in connection.execute(statement):
        says = checkpoint.last_entry_no, checkpoint.position_count
        try:
            is_sound = says == (header.last_entry_no, len(balances.positions)) and balances.equal(
                unpacked(checkpoint.positions)
            )
        except (zlib.error, ValueError, TypeError):
            is_sound = False
        if not is_sound:
            yield f"the checkpoint after {_name(header)} does not hold what the entries up to there sum to"


def _check_entry(row: tuple[Any, ...], header: Header, faults: list[str]) -> None:
    """Add to the faults where an entry does not suit its posting or contradicts itself."""
    entry_type, program_id, beneficiary_type, beneficiary_id = row[2], row[3], row[5], row[6]
    if row[1] != header.posting_no:
        faults.append(f"entry {row[0]} names posting {row[1]} and stands in {_name(header)}")
    if entry_type not in KINDS.get(header.kind, ()):
        faults.append(f"entry {row[0]} is of type {entry_type}, which {_name(header)} cannot hold")
    if row[13] <= 0:
        faults.append(f"entry {row[0]} moves {row[13]} cents; an entry moves a positive amount")
    for role, stands in zip(SIDES.get(entry_type, ()), row[11:13], strict=False):
        wanted = account(role, program_id, beneficiary_type, beneficiary_id)
        if stands != wanted:
            faults.append(f"entry {row[0]}, {entry_type}, stands on account {stands} in place of {wanted}")


def _name(header: Header) -> str:
    return f"posting {header.posting_no} ({header.kind} of {header.as_of})"


class _Balances:
    """The balances as the entries go by: by award key what is pending and approved, by account what is payable."""

    def __init__(self) -> None:
        # By the key's parts in one text, which is a fraction of a tuple's size.
        self.positions: dict[str, tuple[int, int]] = {}
        self._payable: defaultdict[tuple[str, str], int] = defaultdict(int)

    def take(self, row: tuple[Any, ...], faults: list[str]) -> None:
        """Take one entry in, and add to the faults what it must not have done."""
        entry_type, cents = row[2], row[13]
        pending_sign, approved_sign = PENDING_SIGNS.get(entry_type, 0), APPROVED_SIGNS.get(entry_type, 0)
        if pending_sign or approved_sign:
            key = "\t".join([part or "" for part in row[3:10]])
            pending, approved = self.positions.pop(key, (0, 0))
            pending += pending_sign * cents
            approved += approved_sign * cents
            if pending or approved:
                self.positions[key] = pending, approved
            if pending < 0 or approved < 0:
                name = key.replace("\t", " ")
                faults.append(f"entry {row[0]} leaves {pending} cents pending and {approved} approved for {name}")
        debit, credit = SIDES.get(entry_type, (None, None))
        if credit == "payable":
            self._payable[row[12], row[9]] += cents
        elif debit == "payable":
            self._payable[row[11], row[9]] -= cents
            if entry_type == PAY and self._payable[row[11], row[9]] < 0:
                faults.append(f"entry {row[0]} pays {row[11]} below zero, to {self._payable[row[11], row[9]]} cents")

    def equal(self, kept: Iterable[Position]) -> bool:
        """Whether these are the positions of every award key that has one."""
        count = 0
        for key, *cents in kept:
            if self.positions.get("\t".join(key)) != tuple(cents):
                return False
            count += 1
        return count == len(self.positions)
