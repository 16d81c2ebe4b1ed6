"""How a bridge is shown: a row a program or beneficiary, instruments apart, and CSV that no spreadsheet runs.

Does not belong here: what stands in a bridge.
"""

from __future__ import annotations

import csv
import io
from datetime import date

from rich.console import Console

from orchestration.bridge import Bridge, Changes, GmvLine, Line
from orchestration.bridge_view import COLUMNS, bridge_csv, bridge_table
from orchestration.ledger.entries import AwardKey

KEY = AwardKey("service", "2025-10", "PARTNER", "P1", "=1+1", "seller_service", "AD_CREDIT")
OLD_AND_LATE = Changes(old=100_000, late_orders=2_050, other_corrections=-50, of_which_time=-50, new=102_000)
BRIDGE = Bridge(
    date(2025, 10, 2),
    date(2025, 10, 5),
    (
        Line(KEY, OLD_AND_LATE),
        Line(KEY._replace(beneficiary_id="P2"), Changes(refunds=-300, old=300)),
        Line(KEY._replace(program_id="manual:goodwill", instrument="CASH"), Changes(manual=7, new=7)),
    ),
    (GmvLine("", "", "net", Changes(old=5, late_orders=1, new=6)), GmvLine("P1", "SHOP", "net", Changes(old=5, new=5))),
)


def shown(by_beneficiary: bool, bridge: Bridge = BRIDGE) -> list[list[str]]:
    """The words of each row of the terminal view."""
    console = Console(width=240, record=True, file=io.StringIO())
    console.print(bridge_table(bridge, by_beneficiary))
    rows = [row.replace("┃", "│").split("│") for row in console.export_text().splitlines()]
    return [[cell.strip() for cell in row if cell.strip()] for row in rows if len(row) > 1]


def test_programs_have_a_row_an_instrument_and_instruments_a_total_of_their_own() -> None:
    rows = shown(by_beneficiary=False)
    assert rows[0][:4] == ["program", "instrument", "old", "late orders"]
    assert rows[0][-3:] == ["manual", "new", "of which time"] and "paid" not in rows[0]
    by_name = {tuple(row[:2]): row[2:] for row in rows}
    service = ["$1,003.00", "$20.50", "-$3.00", "$0.00", "$0.00", "-$0.50", "$0.00", "$0.00", "$1,020.00", "-$0.50"]
    assert by_name["service", "AD_CREDIT"] == service == by_name["all", "AD_CREDIT"]
    assert by_name["all", "CASH"][-3:] == ["$0.07", "$0.07", "$0.00"]


def test_beneficiaries_have_a_row_a_program() -> None:
    rows = shown(by_beneficiary=True)
    assert [row[1] for row in rows if row[0] == "service"] == ["PARTNER P1", "PARTNER P2"]


def test_gmv_of_the_market_stands_below() -> None:
    assert ["net", "$0.05", "$0.01", "$0.00", "$0.00", "$0.00", "$0.00", "$0.00", "$0.06"] in shown(
        by_beneficiary=False
    )


def test_a_bridge_of_nothing_says_so() -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(bridge_table(Bridge(BRIDGE.first, BRIDGE.last, (), ()), by_beneficiary=False))
    assert "Nothing was owed as of 2025-10-02 or 2025-10-05." in console.export_text()


def test_csv_has_a_row_a_line_in_cents_and_runs_no_formula() -> None:
    content = bridge_csv(BRIDGE)
    header, *rows = csv.reader(io.StringIO(content.decode()))
    assert tuple(header) == COLUMNS and content == bridge_csv(BRIDGE)
    first = dict(zip(header, rows[0], strict=True))
    assert (first["from_day"], first["to_day"], first["subject_id"]) == ("2025-10-02", "2025-10-05", "'=1+1")
    assert first["old_cents"] == "100000" and first["other_corrections_cents"] == "-50" and len(rows) == 3
