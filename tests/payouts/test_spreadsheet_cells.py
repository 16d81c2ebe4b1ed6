"""Cells that a spreadsheet would run as a formula: which they are, and that neutralising loses nothing.

Does not belong here: the files that have such cells.
"""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.payouts.spreadsheet_cells import csv_bytes, neutralised


@pytest.mark.parametrize(
    "cell",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx"),
        *("＝1", "＋1", "－1", "＠x", "﹦1", "−1", "⁼1"),
        *(" =1", "\u00a0=1", "\u3000=1", "\ufeff=1", "\u200b=1", "\0=1", "\x0b=1"),
        *('"=1', "'=1", "“=1", "＂=1", "＇＝1", "`=1", " ' \" =1", "'\tx"),
    ],
)
def test_a_formula_is_neutralised(cell: str) -> None:
    assert neutralised(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["", "a", "a=1", "0-1", "é@b", "PARTNER:-1|CASH|2025-11-15", "'tis", '"a"', " a", "東京", "🙂="]
)
def test_other_text_is_not(cell: str) -> None:
    assert neutralised(cell) == cell


def test_cells_that_differ_stay_different() -> None:
    texts = ["".join(signs) for length in range(6) for signs in product("'\"=\ta ＝", repeat=length)]
    assert len({neutralised(text) for text in texts}) == len(texts)


@settings(deadline=None)
@given(st.one_of(st.text(), st.text("'\"=+-@＝ \t\né&<,a1")))
def test_no_cell_starts_a_formula_and_nothing_of_it_is_lost(text: str) -> None:
    cell = neutralised(text)
    assert cell in (text, f"'{text}")
    assert (
        not cell.lstrip(" \"'\u00a0\u3000\v\f").startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r"))
        or cell == f"'{text}"
    )
    assert neutralised(f"a{text}") == f"a{text}"


def test_a_bare_cr_begins_no_row_and_no_formula() -> None:
    """Spreadsheets begin a row after a CR that no quotes hold, and what stands first in it is a cell."""
    assert csv_bytes(("a", "b"), [("x\r=1+1", "y")]) == b'a,b\n"x\r=1+1",y\n'


def test_numbers_days_and_nothing_stand_as_they_are() -> None:
    row = ("=1", -1, Decimal("-0.05"), date(2026, 1, 15), None, "")
    assert csv_bytes(("=a", "b", "c", "d", "e", "f"), [row]) == b"'=a,b,c,d,e,f\n'=1,-1,-0.05,2026-01-15,,\n"


@settings(deadline=None)
@given(st.lists(st.lists(st.text("a\"',;=\r\n\t é"), min_size=2, max_size=2)))
def test_every_reader_gets_the_cells_back(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_bytes(("a", "b"), rows).decode(), newline="")))
    assert read == [["a", "b"], *([neutralised(cell) for cell in row] for row in rows)]
