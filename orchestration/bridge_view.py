"""A restatement bridge for people: a table in the terminal, and CSV for a spreadsheet.

Does not belong here: any figure (``bridge``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestration.bridge import CLASSES, Bridge, Changes, Line, totals
from orchestration.explanation import dollars, plain
from orchestration.ledger.entries import AwardKey
from orchestration.payouts.spreadsheet_cells import csv_bytes

_AMOUNTS: Final = ("old", *CLASSES, "new")
COLUMNS: Final = ("from_day", "to_day", *AwardKey._fields, *(f"{name}_cents" for name in Changes._fields))
"""The columns of the CSV: one row a line of the bridge; old + late_orders to paid = new, of_which_time is in other_corrections."""


def bridge_csv(bridge: Bridge) -> bytes:
    """The lines of a bridge as CSV (UTF-8, RFC 4180 with LF), always the same bytes: amounts in cents, texts neutralised."""
    return csv_bytes(COLUMNS, ((bridge.first, bridge.last, *line.key, *line.changes) for line in bridge.lines))


def bridge_table(bridge: Bridge, by_beneficiary: bool) -> RenderableType:
    """A row a program (or program and beneficiary) and instrument, then one an instrument for all; below, GMV of the market."""
    table = _table(f"Owed and not paid, from {bridge.first} to {bridge.last}", bridge.lines, by_beneficiary)
    if not bridge.lines:
        table = Text(f"Nothing was owed as of {bridge.first} or {bridge.last}.")
    market = Table(title="GMV of the market, as known", title_justify="left")
    market.add_column("measure")
    shown = _shown([line.changes for line in bridge.gmv])
    _add_amounts(market, shown)
    for line in bridge.gmv:
        if not line.partner_id:
            market.add_row(line.measure, *_cells(line.changes, shown))
    return Group(table, market)


def _table(title: str, lines: Iterable[Line], by_beneficiary: bool) -> Table | Text:
    rows = totals(lines, _beneficiary if by_beneficiary else _program)
    table = Table(title=title, title_justify="left")
    for column in ("program", *(("beneficiary",) if by_beneficiary else ()), "instrument"):
        table.add_column(column, overflow="fold")
    shown = _shown(rows.values())
    _add_amounts(table, shown)
    for name, changes in rows.items():
        table.add_row(*map(plain, name), *_cells(changes, shown))
    table.add_section()
    for (instrument,), changes in totals(lines, lambda line: (line.key.instrument,)).items():
        table.add_row("all", *(("",) if by_beneficiary else ()), instrument, *_cells(changes, shown))
    return table


def _program(line: Line) -> tuple[str, ...]:
    return line.key.program_id, line.key.instrument


def _beneficiary(line: Line) -> tuple[str, ...]:
    key = line.key
    return key.program_id, f"{key.beneficiary_type} {key.beneficiary_id}", key.instrument


def _shown(rows: Iterable[Changes]) -> tuple[str, ...]:
    """The amounts that have a column: adjustments, payments and time only where there were any."""
    sums = [sum(map(abs, amounts)) for amounts in zip(*rows, strict=True)] or [0] * len(Changes._fields)
    moved = {name for name, cents in zip(Changes._fields, sums, strict=True) if cents}
    return tuple(
        name
        for name in (*_AMOUNTS, "of_which_time")
        if name in moved or name not in ("manual", "paid", "of_which_time")
    )


def _add_amounts(table: Table, shown: Iterable[str]) -> None:
    for name in shown:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)


def _cells(changes: Changes, shown: Iterable[str]) -> list[str]:
    return [dollars(getattr(changes, name)) for name in shown]
