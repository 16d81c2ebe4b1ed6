"""How a beneficiary's statement reads: on a terminal, and as CSV.

Does not belong here: any figure (``statements``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestration.candidates import Candidate
from orchestration.explanation import dollars, plain
from orchestration.ledger.entries import AWARDS, KINDS
from orchestration.payouts import credit_transfers
from orchestration.payouts.spreadsheet_cells import csv_bytes
from orchestration.statements import Balance, Delivery, Moved, Statement

COLUMNS: Final = (
    "section",
    "as_of",
    "what",
    "account",
    "program_id",
    "period",
    "subject_id",
    "component",
    "instrument",
    "amount_usd",
    "amount_cents",
    "entry_no",
    "posting_no",
    "payout_id",
    "why",
    "figures",
    "deliveries",
)
"""The columns of a statement's CSV; what they hold in which section, see ``statement_csv``."""

_FIGURES: Final = Balance._fields[3:]


def statement_csv(told: Statement) -> bytes:
    """A statement as CSV (UTF-8, RFC 4180 with LF), the same bytes for the same statement; three sections of rows, amounts signed.

    ``balance``: one row a program, instrument, account (pending, payable) and ``what``: opening, each movement there was, closing;
    opening and movements sum to closing, whose ``posting_no`` is the last that the statement holds. ``award``: one row an award key
    that has an award or had an entry: what is owed, by its stage as of the last processed day, why, and its figures in words.
    ``change``: one row an entry of the span, as it moves the account named, two where it moves both, with the deliveries behind it
    as ``feed/landed_on=D/file``.
    """
    return csv_bytes(COLUMNS, [[row.get(column) for column in COLUMNS] for row in _rows(told)])


def _rows(told: Statement) -> Iterator[dict[str, object]]:
    for balance in told.balances:
        named = {name: getattr(balance, name) for name in ("account", "program_id", "instrument")}
        for what in _FIGURES:
            cents, day = getattr(balance, what), told.since if what == "opening" else told.through
            ends = {"opening": told.since_posting, "closing": told.through_posting}
            if cents or what in ends:
                amount = {**_amount(cents), "posting_no": ends.get(what)}
                yield {"section": "balance", "as_of": day, "what": what, **named, **amount}
    for candidate in told.reasons:
        key = {
            name: getattr(candidate, name) for name in ("program_id", "period", "subject_id", "component", "instrument")
        }
        yield {
            "section": "award",
            "as_of": told.explained_on,
            "what": candidate.stage if candidate.amount_cents else "NOTHING",
            **key,
            **_amount(candidate.amount_cents),
            "why": candidate.reason,
            "figures": "; ".join(f"{name} {value}" for name, value in figures(candidate)),
        }
    for moved in told.moved:
        yield from _change_rows(moved)


def _change_rows(moved: Moved) -> Iterator[dict[str, object]]:
    entry = moved.entry._asdict()
    for side, sign in (("debit_account", -1), ("credit_account", 1)):
        account = entry[side].partition(":")[0]
        if account in ("pending", "payable"):
            yield {
                **entry,
                "section": "change",
                "as_of": moved.as_of,
                "what": moved.entry.entry_type,
                "account": account,
                **_amount(sign * moved.entry.amount_cents),
                "deliveries": "; ".join(path for delivery in moved.deliveries for path in _paths(delivery)),
            }


def _amount(cents: int) -> dict[str, object]:
    return {"amount_usd": credit_transfers.dollars(cents), "amount_cents": cents}


def _paths(delivery: Delivery) -> list[str]:
    folder = f"{delivery.feed}/landed_on={delivery.landed_on}"
    return [f"{folder}/{file}" for file in delivery.files] or [folder]


def figures(candidate: Candidate) -> list[tuple[str, str]]:
    """The figures that decided a candidate, in words: name and value."""
    return [
        (name.removesuffix("_cents").replace("_", " "), dollars(value) if name.endswith("_cents") else str(value))
        for name, value in candidate.evidence.items()
        if value is not None
    ]


def shown(told: Statement) -> RenderableType:
    """A statement for people: balances by program, why, and what changed with its deliveries."""
    begins = "from the beginning" if told.since is None else f"after {told.since}"
    if told.since_posting is not None:
        begins = f"after posting {told.since_posting}"
    span = f"{begins} through {told.through} (posting {told.through_posting})"
    parts: list[RenderableType] = [
        plain(f"Statement of {told.beneficiary_type} {told.beneficiary_id}, {span}"),
        Text(""),
    ]
    if told.balances:
        parts += [_balances(told.balances), Text("")]
    else:
        is_all = told.since is None and told.since_posting is None
        parts += [Text("Nothing was ever owed." if is_all else "Nothing was open, and nothing moved."), Text("")]
    if told.reasons:
        parts.append(Text(f"Why, as of {told.explained_on}:"))
        parts += [_reason(candidate) for candidate in told.reasons]
        parts.append(Text(""))
    parts.append(_changes(told.moved) if told.moved else Text("Nothing changed."))
    return Group(*parts)


def _balances(balances: Sequence[Balance]) -> Table:
    """Balances by instrument, with sums: an amount a row, for side by side they would not fit a terminal without a cut."""
    table = Table(title="What was earned", title_justify="left")
    for name in ("program", "instrument", "account", ""):
        table.add_column(name, overflow="fold")
    table.add_column("amount", justify="right", no_wrap=True)
    for instrument, found in groupby(balances, key=lambda balance: balance.instrument):
        mine = list(found)
        for balance in mine:
            _add_balance(table, (balance.program_id, instrument, balance.account), balance[3:])
        _add_balance(
            table, ("in all", instrument, ""), [sum(cents) for cents in zip(*(one[3:] for one in mine), strict=True)]
        )
    return table


def _add_balance(table: Table, named: tuple[str, str, str], amounts: Sequence[int]) -> None:
    """Opening and closing, and the movements between them that there were."""
    shown = [
        (name.replace("_", " "), dollars(cents))
        for name, cents in zip(_FIGURES, amounts, strict=True)
        if cents or name in ("opening", "closing")
    ]
    for place, told in enumerate(shown):
        names = named if not place else ("", "", "")
        table.add_row(*map(plain, names), *told, end_section=place == len(shown) - 1)


def _reason(candidate: Candidate) -> RenderableType:
    subject = f", {candidate.subject_id}" if candidate.subject_id else ""
    owed = f"{dollars(candidate.amount_cents)} {candidate.instrument}, {candidate.stage}"
    about = f"{candidate.title} ({candidate.program_id}, {candidate.period}{subject}), {candidate.component}"
    head = plain(f"{about}: {owed if candidate.amount_cents else 'nothing'}: {candidate.reason}.")
    told = ", ".join(f"{name} {value}" for name, value in figures(candidate))
    return Group(head, plain(f"    {told}", style="dim"))


def _changes(moved: Sequence[Moved]) -> Table:
    table = Table(title="What changed", title_justify="left")
    table.add_column("as of", no_wrap=True)
    table.add_column("entry", justify="right", overflow="fold")
    for name in ("what", "for"):
        table.add_column(name, overflow="fold")
    table.add_column("amount", justify="right", no_wrap=True)
    table.add_column("deliveries behind it", overflow="fold")
    for change in moved:
        entry = change.entry
        award = [entry.program_id, entry.period, entry.subject_id, entry.component]
        about = entry.payout_id or " ".join(part for part in award if part)
        cells = [str(change.as_of), str(entry.entry_no), entry.entry_type, about]
        amount = f"{dollars(entry.amount_cents)} {entry.instrument}"
        table.add_row(*map(plain, [*cells, amount]), Text(_behind(change)))
    return table


def _behind(moved: Moved) -> str:
    """The deliveries behind a change, a line a day; said so where an award changed without any."""
    if not moved.deliveries:
        return (
            ""
            if moved.entry.entry_type not in KINDS[AWARDS]
            else "none of its own lines: a day passed, or terms, others or records of what it no longer rests on decided"
        )
    days = groupby(moved.deliveries, key=lambda delivery: delivery.landed_on)
    return "\n".join(f"{day} {', '.join(map(_brief, deliveries))}" for day, deliveries in days)


def _brief(delivery: Delivery) -> str:
    return f"{delivery.feed} ({', '.join(delivery.files)})" if delivery.files else delivery.feed
