"""Divisions are floored on DuckDB as the rulebook writes them, for whole numbers of any sign."""

from __future__ import annotations

import duckdb
import pytest

from portability.rendering import SPARK, macros

GREATEST = 999_999_999_999_999


@pytest.mark.parametrize("dividend", [0, 1, 6, 7, 8, 13, -1, -6, -7, -8, GREATEST, -GREATEST])
@pytest.mark.parametrize("divisor", [1, 7, GREATEST])
def test_floored(dividend: int, divisor: int) -> None:
    # Both engines' words are there whichever is asked; DuckDB's are the default.
    division = macros(SPARK)["default__floor_divide"](f"cast({dividend} as bigint)", f"cast({divisor} as bigint)")
    assert duckdb.execute(f"select {division}, typeof({division})").fetchone() == (dividend // divisor, "BIGINT")
