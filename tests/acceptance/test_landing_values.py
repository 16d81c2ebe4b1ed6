"""Values (LANDING, Values): each form that counts with the value that it is, beside the nearest that does not.

Does not belong here: which column has which rule (``test_landing_feeds``).
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from data_contracts.feeds import FEEDS

BROKEN = ("type", "decimals", "naive_time", "range", "required")
NINE = datetime(2025, 10, 1, 9, tzinfo=UTC)


def at(**parts: int) -> datetime:
    """Nine o'clock that day, but for some parts."""
    return NINE.replace(**parts)


# column of order_lines, text as delivered, value as accepted or the rule that it breaks
TEXTS: list[tuple[str, str, Any]] = [
    # white space is U+0009 to U+000D and U+0020, at both ends, and nothing else
    ("seller_id", "\t\x0b\x0c S \x0c\x0b\t", "S"),
    ("seller_id", "S\u00a0", "S\u00a0"),
    ("seller_id", "\u0085S", "\u0085S"),
    ("seller_id", "\x08S\x0e", "\x08S\x0e"),
    ("seller_id", "\x1fS\x1c", "\x1fS\x1c"),
    ("seller_id", "\u2003S\u200b", "\u2003S\u200b"),
    ("seller_id", "\ufeffS", "\ufeffS"),
    ("seller_id", "a  b", "a  b"),
    ("quantity", " 7\t", 7),
    ("quantity", "\u00a07", "type"),
    # an empty field is null and nothing else is
    ("seller_id", "", "required"),
    ("seller_id", " \t ", "required"),
    ("seller_id", "\u00a0", "\u00a0"),
    *(("seller_id", word, word) for word in ("null", "NULL", "None", "NaN", "N/A", "\\N", "-", "0")),
    ("quantity", "null", "type"),
    # ids are text
    ("seller_id", "9223372036854775807", "9223372036854775807"),
    ("seller_id", "0012345678901234567", "0012345678901234567"),
    ("seller_id", "1.0", "1.0"),
    # money
    ("original_amount", "1234567890123", 123456789012300),
    ("original_amount", "12345678901234", "type"),
    ("original_amount", "0000000000007", 700),
    ("original_amount", "10.1", 1010),
    ("original_amount", "10.100000000000000000000000", 1010),
    ("original_amount", "10.101", "decimals"),
    ("original_amount", "10.100000000000000000000001", "decimals"),
    ("original_amount", "-10", "range"),
    *(("original_amount", text, "type") for text in ("10.", ".5", "+10", "1,000", "1e1", "$1", "1 0", "--1", "٣", "0x1")),
    # integers
    ("quantity", "999999999999999999", 10**18 - 1),
    ("quantity", "0999999999999999999", "type"),
    ("quantity", "007", 7),
    ("quantity", "-1", "range"),
    *(("quantity", text, "type") for text in ("1.0", "+1", "1e1", "1_0", "٣", "-", "1 0")),
    # times
    ("updated_at", "2025-10-01T09:00Z", NINE),
    ("updated_at", "2025-10-01 09:00Z", NINE),
    ("updated_at", "2025-10-01T09:00:59Z", at(second=59)),
    ("updated_at", "2025-10-01T09:00:00.1Z", at(microsecond=100000)),
    ("updated_at", "2025-10-01T09:00:00.1234569Z", at(microsecond=123456)),
    ("updated_at", "1969-12-31T23:59:59.9999999Z", datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ("updated_at", "2025-10-01T10:30+01:30", NINE),
    ("updated_at", "2025-10-01T07:30:00-0130", NINE),
    ("updated_at", "2025-10-01T09:00:00+00:00", NINE),
    ("updated_at", "2025-10-01T09:00:00-00:00", NINE),
    ("updated_at", "1759309200", NINE),
    ("updated_at", "999999999", datetime(2001, 9, 9, 1, 46, 39, tzinfo=UTC)),
    *(("updated_at", text, "naive_time") for text in ("2025-10-01T09:00", "2025-10-01 09:00:00", "2025-10-01T09:00:00.5")),
    *(
        ("updated_at", text, "type")
        for text in (
            "2025-10-01", "2025-10-01T09Z", "2025-10-01T9:00Z", "2025-10-01t09:00Z", "2025-10-01T09:00z", "2025-10-01  09:00Z",
            "2025-10-01T09:00:00.Z", "2025-10-01T09:00:00,5Z", "2025-10-01T09:00 Z", "2025-10-01T09:00+1", "2025-10-01T09:00+01",
            "2025-10-01T09:00UTC", "2025-09-31T09:00Z", "2025-13-01T09:00Z", "2025-10-01T24:00Z", "2025-10-01T09:60Z",
            "2025-10-01T09:00:61Z", "01.10.2025 09:00", "99999999", "17593092000", "1759309200.5", "-1759309200", "20251001T0900Z",
        )
    ),
    # booleans
    *(("is_gift", text, True) for text in ("true", "TRUE", "True", "tRuE", "1")),
    *(("is_gift", text, False) for text in ("false", "FALSE", "False", "0")),
    *(("is_gift", text, "type") for text in ("t", "f", "yes", "no", "2", "-1", "01", "1.0", "on")),
]  # fmt: skip

# dates, in partner_ranks
DATES: list[tuple[str, Any]] = [
    ("2025-10-01", date(2025, 10, 1)),
    ("2024-02-29", date(2024, 2, 29)),
    *(
        (text, "type")
        for text in (
            "2025-02-29", "2025-10-1", "2025-10-01T00:00Z", "20251001", "01.10.2025", "2025/10/01", "25-10-01", "1759309200",
        )
    ),
]  # fmt: skip


@pytest.fixture(autouse=True)
def unrefused(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows break, the rest is taken in."""
    for name, feed in FEEDS.items():
        monkeypatch.setitem(FEEDS, name, replace(feed, refused_above_rows=10**6))


def check(world: Any, feed: str, cases: list[tuple[str, Any, Any]]) -> None:
    """Each case of (column, what was delivered, what is expected), one row each, stands where it should."""
    broken = {number: (column, rule) for number, column, rule, _ in world.rules(feed)}
    expected = {n: (name, rule) for n, (name, _, rule) in enumerate(cases, start=1) if rule in BROKEN and name != rule}
    differ = {
        number: cases[number - 1]
        for number in broken.keys() | expected.keys()
        if broken.get(number) != expected.get(number)
    }
    assert not differ, broken
    accepted = world.accepted(feed).rows(named=True)
    good = [case for number, case in enumerate(cases, start=1) if number not in expected]
    for row, (column, delivered, value) in zip(accepted, good, strict=True):
        name = column if column in row else f"{column}_cents"
        assert row[name] == value, (column, delivered)
        assert type(row[name]) is type(value)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_texts(world: Any, good_row: Any, form: str) -> None:
    plain = good_row["order_lines"] | {"seller_discount": "0"}
    rows = [
        plain | ({"original_amount": "10"} | {column: text, "order_line_id": f"L{number}"})
        for number, (column, text, _) in enumerate(TEXTS)
    ]
    if form == "csv":
        quoted = [",".join(f'"{cell}"' for cell in row.values()) for row in rows]
        world.put("order_lines", "a.csv", "\n".join([",".join(plain), *quoted]))
    elif form == "jsonl":
        world.put("order_lines", "a.jsonl", "\n".join(json.dumps(row) for row in rows))
    else:
        world.put("order_lines", "a.parquet", pl.DataFrame(rows))
    world.accept("order_lines")
    check(world, "order_lines", TEXTS)


def test_dates(world: Any) -> None:
    rows = [
        {"partner_id": f"P{n}", "snapshot_on": text, "rank_code": "GOLD", "updated_at": "2025-10-01T00:00Z"}
        for n, (text, _) in enumerate(DATES)
    ]
    world.put_rows("partner_ranks", rows)
    world.accept("partner_ranks")
    check(world, "partner_ranks", [("snapshot_on", text, value) for text, value in DATES])


# column, JSON text of the value, value as accepted or the rule that it breaks
JSON: list[tuple[str, str, Any]] = [
    ("seller_id", "9223372036854775807", "9223372036854775807"),
    ("seller_id", "576460752303423488123", "576460752303423488123"),
    ("seller_id", "-5", "-5"),
    ("seller_id", "1.0", "type"),
    ("seller_id", "1e3", "type"),
    ("seller_id", "true", "type"),
    ("seller_id", "[]", "type"),
    ("seller_id", '{"a": 1}', "type"),
    ("seller_id", "null", "required"),
    ("seller_id", '""', "required"),
    ("seller_id", '"null"', "null"),
    ("original_amount", "10", 1000),
    ("original_amount", "10.10", 1010),
    ("original_amount", "10.100", 1010),
    ("original_amount", "10.101", "decimals"),
    ("original_amount", "9007199254740.93", 900719925474093),
    ("original_amount", "1e1", "type"),
    ("original_amount", "-0.01", "range"),
    ("original_amount", "true", "type"),
    ("quantity", "3", 3),
    ("quantity", "3.0", "type"),
    ("quantity", "1e3", "type"),
    ("quantity", "false", "type"),
    ("is_gift", "true", True),
    ("is_gift", "0", False),
    ("is_gift", "1.0", "type"),
    ("updated_at", "1759309200", NINE),
    ("updated_at", "1759309200.5", "type"),
    ("updated_at", "true", "type"),
]


def test_json_values(world: Any, good_row: Any) -> None:
    lines = []
    for number, (column, text, _) in enumerate(JSON):
        row = good_row["order_lines"] | {"seller_discount": "0", "order_line_id": f"L{number}", column: "@"}
        lines.append(json.dumps(row).replace('"@"', text))
    world.put("order_lines", "a.jsonl", "\ufeff" + "\n".join(lines))
    world.accept("order_lines")
    check(world, "order_lines", JSON)


# column, one Parquet cell, value as accepted or the rule that it breaks
NATIVE: list[tuple[str, pl.Series, Any]] = [
    ("seller_id", pl.Series([9223372036854775807], dtype=pl.Int64), "9223372036854775807"),
    ("seller_id", pl.Series([18446744073709551615], dtype=pl.UInt64), "18446744073709551615"),
    ("seller_id", pl.Series([5.0]), "type"),
    ("seller_id", pl.Series([5.0], dtype=pl.Float32), "type"),
    ("seller_id", pl.Series([True]), "type"),
    ("seller_id", pl.Series([None], dtype=pl.Int64), "required"),
    ("original_amount", pl.Series([Decimal("10.10")]), 1010),
    ("original_amount", pl.Series([Decimal("10.1000")], dtype=pl.Decimal(20, 4)), 1010),
    ("original_amount", pl.Series([Decimal("10.1001")], dtype=pl.Decimal(20, 4)), "decimals"),
    ("original_amount", pl.Series([Decimal("9999999999999.99")]), 999999999999999),
    ("original_amount", pl.Series([Decimal("10000000000000.00")]), "type"),
    ("original_amount", pl.Series([10.0]), "type"),
    ("original_amount", pl.Series([10]), 1000),
    ("quantity", pl.Series([3], dtype=pl.UInt8), 3),
    ("quantity", pl.Series([3.0]), "type"),
    ("quantity", pl.Series([10**18 - 1]), 10**18 - 1),
    ("quantity", pl.Series([10**18]), "type"),
    ("is_gift", pl.Series([True]), True),
    ("is_gift", pl.Series([0]), False),
    ("is_gift", pl.Series([2]), "type"),
    ("updated_at", pl.Series([NINE]), NINE),
    ("updated_at", pl.Series([NINE]).dt.convert_time_zone("Asia/Tokyo"), NINE),
    ("updated_at", pl.Series([NINE]).dt.cast_time_unit("ns"), NINE),
    ("updated_at", pl.Series([NINE.replace(tzinfo=None)]), "naive_time"),
    ("updated_at", pl.Series([1759309200]), NINE),
    ("updated_at", pl.Series([1759309200.0]), "type"),
    ("updated_at", pl.Series([NINE.date()]), "type"),
]


def test_parquet_values(world: Any, good_row: Any) -> None:
    """One file a type, since a column has one; files are read in order of their names."""
    for number, (column, cell, _) in enumerate(NATIVE):
        row = good_row["order_lines"] | {"seller_discount": "0", "order_line_id": f"L{number}"}
        world.put("order_lines", f"{number:02d}.parquet", pl.DataFrame([row]).with_columns(cell.alias(column)))
    world.accept("order_lines")
    rows = world.quarantined("order_lines").select("file", "column", "rule").rows()
    found = {int(file[:2]): (column, rule) for file, column, rule in rows}
    expected = {n: (column, rule) for n, (column, _, rule) in enumerate(NATIVE) if rule in BROKEN}
    assert found == expected
    good = [(column, value) for number, (column, _, value) in enumerate(NATIVE) if number not in expected]
    for row, (column, value) in zip(world.accepted("order_lines").rows(named=True), good, strict=True):
        assert row[column if column in row else f"{column}_cents"] == value, column


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_quotes_line_ends_and_a_byte_order_mark(world: Any, good_row: Any, end: str) -> None:
    row = good_row["order_lines"]
    cells = list(row.values())
    quoted = ['"L2"', '"O ""1"""', '" S1 "', '"a,b\nc"', *cells[4:]]
    content = end.join([",".join(f" {name} " for name in row), ",".join(cells), ",".join(quoted), ""])
    world.put("order_lines", "a.csv", b"\xef\xbb\xbf" + content.encode())
    assert world.accept("order_lines").accepted == 2, world.rules("order_lines")
    held = world.accepted("order_lines").select("order_line_id", "order_id", "seller_id", "product_id").rows()
    assert held == [("L1", "O1", "S1", "P1"), ("L2", 'O "1"', "S1", "a,b\nc")]


def test_one_field_too_few_or_too_many_is_another_shape(world: Any, good_row: Any) -> None:
    cells = list(good_row["order_lines"].values())
    rows = [cells, cells[:-1], [*cells, ""], ["L2", *cells[1:]]]
    world.put("order_lines", "a.csv", "\n".join([",".join(good_row["order_lines"]), *(",".join(row) for row in rows)]))
    assert world.accept("order_lines").accepted == 2
    assert world.rules("order_lines") == [(2, None, "shape", "shape"), (3, None, "shape", "shape")]
