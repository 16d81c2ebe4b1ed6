"""The statement of a beneficiary: what was earned by program, why, what changed since a day, and which deliveries caused it.

Belongs here: putting it together from the ledger, the candidates and the deliveries. Does not belong here: how it looks
(``statement_view``), why an award is what it is down to the lines (``explanation``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

import duckdb

from orchestration.awards import awards_day
from orchestration.candidates import Candidate, candidates_of
from orchestration.causes import Change, Landed, deliveries_behind
from orchestration.deliveries import read_records
from orchestration.errors import SettingsError
from orchestration.ledger.entries import AWARDS, BENEFICIARY_TYPES, KINDS, PAY, RETURN, SIDES, AwardKey, Entry
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.postings import day_of
from orchestration.payouts.payouts import Payouts
from orchestration.progress import Progress
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse

MOVEMENTS: Final = {
    "ACCRUE": "accrued",
    "RELEASE": "released",
    "APPROVE": "approved",
    "ADJUST": "adjusted",
    "CLAWBACK": "clawed_back",
    "GRANT": "manual",
    "CHARGE": "manual",
    "PAY": "paid",
    "RETURN": "returned",
}
"""Entry type → the column of a balance that it moves."""

ACCOUNTS: Final = ("pending", "payable")


class Balance(NamedTuple):
    """One program and instrument on one account of the beneficiary, ``pending`` or ``payable``, over the statement's span.

    All in cents with their sign: opening + accrued + … + returned = closing. What an APPROVE moves is taken from pending and added
    to payable. A payment stands under the programs of its payout's lines.
    """

    program_id: str
    instrument: str
    account: str
    opening: int
    accrued: int
    released: int
    approved: int
    adjusted: int
    clawed_back: int
    manual: int
    paid: int
    returned: int
    closing: int


class Delivery(NamedTuple):
    """A delivery with its files by name."""

    feed: str
    landed_on: date
    files: tuple[str, ...]


class Moved(NamedTuple):
    """An entry of the span, and the deliveries behind it: none for payments and adjustments, which rest on none."""

    entry: Entry
    as_of: date
    deliveries: tuple[Delivery, ...]


class Statement(NamedTuple):
    """The statement of one beneficiary: entries after ``since`` (None: all) and through ``through``, by their as_of.

    ``since_posting``: the posting after which its entries come, where it follows on the statement that named that one. A payment or
    adjustment of the last processed day may still come with its date, so that days alone do not tell which statement has it.
    ``through_posting``: the last posting that it holds, 0 where there is none.
    ``balances`` in the order of instrument, program and account; ``reasons``: the candidates behind what stands or moved, as of
    ``explained_on``, the last processed day, which may lie after ``through``; ``moved`` in the order of the entries.
    """

    beneficiary_type: str
    beneficiary_id: str
    since: date | None
    since_posting: int | None
    through: date
    through_posting: int
    balances: tuple[Balance, ...]
    reasons: tuple[Candidate, ...]
    explained_on: date | None
    moved: tuple[Moved, ...]


def beneficiary_named(text: str) -> tuple[str, str]:
    """Type and id of a beneficiary written as ``PARTNER:p1``; SettingsError where it is not."""
    kind, colon, name = text.partition(":")
    if kind not in BENEFICIARY_TYPES or not colon or not name:
        raise SettingsError(
            f"{text!r} names no beneficiary; write it as TYPE:ID, with a type of {', '.join(BENEFICIARY_TYPES)}"
        )
    return kind, name


def statement(
    settings: Settings,
    beneficiary_type: str,
    beneficiary_id: str,
    since: date | None,
    through: date | None,
    since_posting: int | None = None,
) -> Statement:
    """The statement of a beneficiary after ``since``, a day, or ``since_posting``, and through ``through``.

    None: from the beginning, to the last posting or processed day.

    SettingsError where nothing was processed yet, where ``since`` is not before ``through``, both are said or there is no such
    posting, or where neither the ledger nor any program knows the beneficiary.
    """
    progress = Progress.of_begun_home(settings)
    ledger = Ledger.open(settings.ledger_url)
    entries = list(ledger.entries(beneficiary_type=beneficiary_type, beneficiary_id=beneficiary_id))
    days, awards_days = _days(ledger)
    through = through or max([*days.values(), progress.processed_through or date.min])
    held = [posting_no for posting_no, day in days.items() if day <= through]
    before = _before(days, since, since_posting, through)
    known = [entry for entry in entries if days[entry.posting_no] <= through]
    with open_warehouse(settings, read_only=True) as connection:
        candidates = _candidates(connection, beneficiary_type, beneficiary_id)
        if not entries and not candidates:
            raise SettingsError(
                f"neither the ledger nor a program knows {beneficiary_type} {beneficiary_id}; ids compare letter by letter"
            )
        explained_on = awards_day(connection)
        changes = {
            entry: _change(entry, days, awards_days) if entry.entry_type in KINDS[AWARDS] else None
            for entry in known
            if entry.posting_no not in before
        }
        behind = deliveries_behind(
            connection, candidates, {change for change in changes.values() if change is not None}
        )
    return Statement(
        beneficiary_type,
        beneficiary_id,
        since,
        since_posting,
        through,
        max(held, default=0),
        tuple(balances(shares_of(known, settings), before)),
        _reasons(candidates, known),
        explained_on,
        tuple(_moved(settings, changes, days, behind)),
    )


def _moved(
    settings: Settings,
    changes: Mapping[Entry, Change | None],
    days: Mapping[int, date],
    behind: Mapping[Change, Sequence[Landed]],
) -> Iterator[Moved]:
    """The entries of the span with the deliveries behind them, and those with their files."""
    wanted = {landed for found in behind.values() for landed in found}
    files = {
        (record.feed, record.landed_on): tuple(file.name for file in record.files)
        for record in read_records(settings)
        if (record.feed, record.landed_on) in wanted
    }
    for entry, change in changes.items():
        landed = behind.get(change, ()) if change is not None else ()
        yield Moved(entry, days[entry.posting_no], tuple(Delivery(*one, files.get(one, ())) for one in landed))


Share = tuple[int, str, str, str, int]
"""Of an entry: its posting, type, program and instrument, and cents > 0; one an entry, and of a payment one a program."""


def shares_of(entries: Sequence[Entry], settings: Settings) -> list[Share]:
    """Entries by program: those of payouts by their lines, which sum to them and may be negative."""
    names = {entry.payout_id for entry in entries if entry.payout_id is not None}
    payouts = Payouts.open(settings.ledger_url).payouts(sorted(names)) if names else []
    lines = {payout.payout_id: payout.lines for payout in payouts}
    shares: list[Share] = []
    for entry in entries:
        told = entry.posting_no, entry.entry_type
        if entry.entry_type in (PAY, RETURN):
            shares += [
                (*told, line.program_id, entry.instrument, line.amount_cents) for line in lines[str(entry.payout_id)]
            ]
        else:
            shares.append((*told, str(entry.program_id), entry.instrument, entry.amount_cents))
    return shares


def balances(shares: Iterable[Share], before: Container[int]) -> Iterator[Balance]:
    """The balances of a span that opens with the postings before it, in the order of instrument, program and account; without those
    that never were other than 0."""
    sums: defaultdict[tuple[str, str, str], defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for posting_no, entry_type, program_id, instrument, cents in shares:
        column = "opening" if posting_no in before else MOVEMENTS[entry_type]
        for role, sign in zip(SIDES[entry_type], (-1, 1), strict=True):
            if role in ACCOUNTS:
                balance = sums[instrument, program_id, role]
                balance[column] += sign * cents
                balance["closing"] += sign * cents
    for instrument, program_id in sorted({key[:2] for key in sums}):
        for account in ACCOUNTS:
            balance = sums[instrument, program_id, account]
            if any(balance.values()):
                yield Balance(program_id, instrument, account, *(balance[name] for name in Balance._fields[3:]))


def _days(ledger: Ledger) -> tuple[dict[int, date], list[date]]:
    """The day of each posting by its number, and those of AWARDS postings in order."""
    headers = [posting.header for posting in ledger.postings()]
    days = {header.posting_no: day_of(header.as_of) for header in headers}
    return days, sorted(days[header.posting_no] for header in headers if header.kind == AWARDS)


def _before(days: Mapping[int, date], since: date | None, since_posting: int | None, through: date) -> set[int]:
    """The postings with which a span opens: those through a day, or through a posting."""
    if since_posting is not None:
        if since is not None:
            raise SettingsError("--since and --since-posting both say where a statement begins: say one")
        if since_posting not in days or days[since_posting] > through:
            raise SettingsError(
                f"there is no posting {since_posting} through {through}; the last statement names its last posting"
            )
        return {posting_no for posting_no in days if posting_no <= since_posting}
    if since is None:
        return set()
    if since >= through:
        raise SettingsError(f"--since {since} is not before --through {through}: a statement covers the days between")
    return {posting_no for posting_no, day in days.items() if day <= since}


def _change(entry: Entry, days: Mapping[int, date], awards_days: Sequence[date]) -> Change:
    as_of = days[entry.posting_no]
    place = bisect_left(awards_days, as_of)
    return Change(_key(entry), awards_days[place - 1] if place else None, as_of)


def _key(entry: Entry) -> AwardKey:
    """The award key of an entry that has one."""
    return AwardKey(*(str(getattr(entry, name)) for name in AwardKey._fields))


def _candidates(
    connection: duckdb.DuckDBPyConnection, beneficiary_type: str, beneficiary_id: str
) -> dict[AwardKey, Candidate]:
    """Everything that programs say of a beneficiary, by key and in its order."""
    programs = connection.execute(
        "select distinct program_id from awards.award_candidates where beneficiary_type = ? and beneficiary_id = ? order by 1",
        [beneficiary_type, beneficiary_id],
    ).fetchall()
    return {
        AwardKey(*(getattr(candidate, name) for name in AwardKey._fields)): candidate
        for (program,) in programs
        for candidate in candidates_of(connection, program, beneficiary_id, None, None)
        if candidate.beneficiary_type == beneficiary_type
    }


def _reasons(candidates: Mapping[AwardKey, Candidate], entries: Iterable[Entry]) -> tuple[Candidate, ...]:
    """The candidates that have an award, or had an entry."""
    posted = {_key(entry) for entry in entries if entry.entry_type in KINDS[AWARDS]}
    return tuple(candidate for key, candidate in candidates.items() if candidate.amount_cents or key in posted)
