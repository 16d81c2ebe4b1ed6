"""How a bridge is shown: an amount a row, by program or beneficiary, instruments apart, and CSV that no spreadsheet runs.

Does not belong here: what stands in a bridge.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
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


def shown(by_beneficiary: bool, bridge: Bridge = BRIDGE, width: int = 80) -> list[tuple[str, ...]]:
    """The words of each row of the terminal view."""
    console = Console(width=width, record=True, file=io.StringIO(), soft_wrap=True)
    console.print(bridge_table(bridge, by_beneficiary))
    rows = [row.replace("┃", "│").split("│") for row in console.export_text().splitlines()]
    return [tuple(cell.strip() for cell in row if cell.strip()) for row in rows if len(row) > 1]


SERVICE = [
    ("old", "$1,003.00"),
    ("late orders", "$20.50"),
    ("refunds", "-$3.00"),
    ("other corrections", "-$0.50"),
    ("of which time", "-$0.50"),
    ("new", "$1,020.00"),
]


def test_programs_have_their_amounts_by_instrument_and_instruments_a_total_of_their_own() -> None:
    rows = shown(by_beneficiary=False)
    assert rows[0] == ("what", "instrument", "amount")
    of_all = [("all", "AD_CREDIT", *SERVICE[0]), *SERVICE[1:]]
    of_all += [("all", "CASH", "old", "$0.00"), ("manual", "$0.07"), ("new", "$0.07")]
    assert [("service", "AD_CREDIT", *SERVICE[0]), *SERVICE[1:]] == rows[4:10]
    assert rows[10:19] == of_all


def test_beneficiaries_have_their_amounts_by_program() -> None:
    names = [row[:2] for row in shown(by_beneficiary=True, width=100) if len(row) == 4]
    assert [name for name, _ in names] == [
        "manual:goodwill, PARTNER P1",
        "service, PARTNER P1",
        "service, PARTNER P2",
    ] + ["all"] * 2


def test_gmv_of_the_market_stands_below() -> None:
    assert shown(by_beneficiary=False)[-3:] == [("net", "old", "$0.05"), ("late orders", "$0.01"), ("new", "$0.06")]


def test_no_cent_is_cut_off_in_a_terminal_of_eighty_columns() -> None:
    large = Changes(old=9_999_999_999_99, late_orders=-1, new=9_999_999_999_98)
    name = KEY._replace(program_id="incremental_daily_gmv_of_all_partners_2025q4", beneficiary_id="7" * 19)
    for by_beneficiary in (False, True):
        rows = shown(by_beneficiary, replace(BRIDGE, lines=(Line(name, large),)))
        assert ("new", "$9,999,999,999.98") in rows and ("late orders", "-$0.01") in rows
        assert "AD_CREDIT" in {cell for row in rows for cell in row}


def test_a_bridge_of_one_program_says_that_payments_are_not_taken_off() -> None:
    for program, title in ((None, "Owed and not paid"), ("service", "Earned (payments are not taken off)")):
        console = Console(width=80, record=True, file=io.StringIO())
        console.print(bridge_table(replace(BRIDGE, program=program), by_beneficiary=False))
        assert console.export_text().startswith(f"{title}, from 2025-10-02 to")


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
