"""Cells that a spreadsheet would run as a formula: which they are, and that neutralising loses nothing.

Does not belong here: the files that have such cells.
"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.payouts.spreadsheet_cells import neutralised


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
