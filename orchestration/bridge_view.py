"""A restatement bridge for people: a table in the terminal, and CSV for a spreadsheet.

Does not belong here: any figure (``bridge``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestration.bridge import CLASSES, Bridge, Changes, Line, totals
from orchestration.explanation import dollars, plain
from orchestration.ledger.entries import AwardKey
from orchestration.payouts.spreadsheet_cells import csv_bytes

COLUMNS: Final = ("from_day", "to_day", *AwardKey._fields, *(f"{name}_cents" for name in Changes._fields))
"""The columns of the CSV: one row a line of the bridge; old + late_orders to paid = new, of_which_time is in other_corrections."""


def bridge_csv(bridge: Bridge) -> bytes:
    """The lines of a bridge as CSV (UTF-8, RFC 4180 with LF), always the same bytes: amounts in cents, texts neutralised."""
    return csv_bytes(COLUMNS, ((bridge.first, bridge.last, *line.key, *line.changes) for line in bridge.lines))


def bridge_table(bridge: Bridge, by_beneficiary: bool) -> RenderableType:
    """What became of each program (or program and beneficiary) and instrument, then of all of one; below, GMV of the market.

    An amount a row: side by side the classes would not fit a terminal, and no cent is to be cut off.
    """
    what = "Owed and not paid" if bridge.program is None else "Earned (payments are not taken off)"
    title, lines = f"{what}, from {bridge.first} to {bridge.last}", bridge.lines
    balances: RenderableType = Text(f"Nothing was owed as of {bridge.first} or {bridge.last}.")
    if lines:
        rows = [*totals(lines, _beneficiary if by_beneficiary else _program).items()]
        rows += [(("all", name), changes) for (name,), changes in totals(lines, _instrument).items()]
        balances = _table(title, ("what", "instrument"), rows)
    market = [((line.measure,), line.changes) for line in bridge.gmv if not line.partner_id]
    return Group(balances, _table("GMV of the market, as known", ("measure",), market))


def _table(title: str, names: Sequence[str], rows: Iterable[tuple[tuple[str, ...], Changes]]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in names:
        table.add_column(column, overflow="fold")
    table.add_column("")
    table.add_column("amount", justify="right", no_wrap=True)
    for name, changes in rows:
        shown = _shown(changes)
        for place, amount in enumerate(shown):
            told = map(plain, name) if not place else [Text("")] * len(names)
            table.add_row(*told, amount.replace("_", " "), dollars(getattr(changes, amount)))
        table.add_section()
    return table


def _instrument(line: Line) -> tuple[str, ...]:
    return (line.key.instrument,)


def _program(line: Line) -> tuple[str, ...]:
    return line.key.program_id, line.key.instrument


def _beneficiary(line: Line) -> tuple[str, ...]:
    key = line.key
    return f"{key.program_id}, {key.beneficiary_type} {key.beneficiary_id}", key.instrument


def _shown(changes: Changes) -> list[str]:
    """The old and the new balance, and the classes between them that have an amount; of it the time's, below other corrections."""
    order = ("old", *CLASSES, "new")
    shown = [name for name in order if name in ("old", "new") or getattr(changes, name)]
    if changes.of_which_time:
        after = [name for name in order[: order.index("other_corrections") + 1] if name in shown]
        shown.insert(len(after), "of_which_time")
    return shown
