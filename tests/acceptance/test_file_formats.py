"""Files: the formats agree, rows that are none go to quarantine, and files that cannot be used refuse the delivery."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from data_contracts.feeds import FEEDS
from orchestration import readers


def _rows(good_row):
    changes = [
        {},
        {"order_line_id": "9007199254740993", "original_amount": "12345.6"},
        {"order_line_id": "L3", "quantity": "0"},
        {"order_line_id": "L4", "original_amount": "1.005", "updated_at": "2025-10-04T00:00Z"},
        {"order_line_id": "L5", "seller_id": ""},
        {"order_line_id": "L6", "product_id": 'a,"b"\nc', "is_gift": "1"},
    ]
    return [good_row["order_lines"] | change for change in changes]


def _csv(rows, end="\n"):
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row.values()) for row in rows]
    return end.join([",".join(rows[0]), *quoted]) + end


def _json_lines(rows):
    def native(name, cell):
        if name == "is_gift":
            return "true" if cell in ("1", "true") else "false"
        return cell if name in ("quantity", "original_amount", "platform_discount") else json.dumps(cell or None)

    lines = ["{" + ", ".join(f'"{name}": {native(name, cell)}' for name, cell in row.items()) + "}" for row in rows]
    return "\n".join(lines)


def _native(rows):
    amounts = ("original_amount", "seller_discount", "platform_discount")
    converted = {name: [Decimal(row[name]) for row in rows] for name in amounts}
    converted["quantity"] = [int(row["quantity"]) for row in rows]
    converted["is_gift"] = [row["is_gift"] in ("1", "true") for row in rows]
    converted["updated_at"] = [datetime.fromisoformat(row["updated_at"]).astimezone(UTC) for row in rows]
    plain = pl.DataFrame(rows).with_columns(pl.Series(name, values) for name, values in converted.items())
    return plain.with_columns(
        pl.col(amounts).cast(pl.Decimal(18, 4)), pl.col("updated_at").cast(pl.Datetime("ns", "UTC"))
    )


def _delivered_as(world, name, rows):
    """Puts the rows into one file whose name says its form."""
    forms = {
        "a.csv": lambda: _csv(rows),
        "crlf.csv": lambda: b"\xef\xbb\xbf" + _csv(rows, "\r\n").encode(),
        "a.csv.gz": lambda: gzip.compress(_csv(rows).encode()),
        "a.jsonl": lambda: _json_lines(rows),
        "a.jsonl.gz": lambda: gzip.compress(_json_lines(rows).encode()),
        "text.parquet": lambda: pl.DataFrame(rows),
        "native.parquet": lambda: _native(rows),
    }
    world.put("order_lines", name, forms[name]())


@pytest.mark.parametrize("name", ["crlf.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "text.parquet", "native.parquet"])
def test_formats_agree(world, good_row, name, tmp_path_factory):
    rows = _rows(good_row)
    _delivered_as(world, "a.csv", rows)
    reference = world.accept("order_lines")
    expected, expected_rules = world.accepted("order_lines"), world.rules("order_lines")
    assert [rule for _, _, _, rule in expected_rules] == [
        "quantity:range",
        "original_amount:decimals;updated_at:future",
        "seller_id:required",
    ]
    other = type(world)(_elsewhere(world.settings, tmp_path_factory.mktemp("other")))
    _delivered_as(other, name, rows)
    record = other.accept("order_lines")
    assert other.accepted("order_lines").equals(expected)
    assert other.rules("order_lines") == expected_rules
    assert (record.delivered, record.good) == (reference.delivered, reference.good)


def _elsewhere(settings, folder):
    return replace(settings, home=folder / "home", landing=folder / "landing")


def test_small_batches_give_the_same(world, good_row, monkeypatch):
    monkeypatch.setitem(FEEDS, "order_lines", replace(FEEDS["order_lines"], refused_above_rows=9))
    monkeypatch.setattr(readers, "TEXT_BATCH_ROWS", 2)
    monkeypatch.setattr(readers, "BATCH_ROWS", 2)
    monkeypatch.setattr(readers, "DECODED_ROWS", 3)
    _delivered_as(world, "a.csv", _rows(good_row))
    _delivered_as(world, "a.jsonl", _rows(good_row))
    _delivered_as(world, "native.parquet", _rows(good_row))
    record = world.accept("order_lines")
    assert (record.delivered, record.accepted, record.quarantined, record.repeats) == (18, 3, 9, 6)


def test_csv_rows_that_are_none(world, good_row):
    good = [good_row["order_lines"] | {"order_line_id": f"L{n}"} for n in range(3)]
    lines = _csv(good).splitlines()
    lines[2:2] = ["too,few", "", lines[1] + ",more", '"a"b' + lines[1][4:]]
    world.put("order_lines", "a.csv", "\n".join(lines))
    assert world.accept("order_lines").accepted == 3
    assert world.rules("order_lines") == [(n, None, "shape", "shape") for n in (2, 3, 4, 5)]
    assert world.quarantined("order_lines")["raw"].to_list()[:2] == ["too,few", ""]


def test_json_lines_that_are_no_objects(world, good_row):
    good = json.dumps(good_row["order_lines"])
    world.put("order_lines", "a.jsonl", "\n".join([good, "[1]", "{", '{"order_line_id": NaN}', '{"a": "\\ud800"}']))
    assert world.accept("order_lines").accepted == 1
    assert [rule for _, _, rule, _ in world.rules("order_lines")] == ["shape"] * 4


def test_json_kinds(world, good_row):
    row = good_row["order_lines"]
    cells = [
        {"order_line_id": 576460752303423488, "quantity": 3, "original_amount": 10},
        {"order_line_id": 1.5},
        {"order_line_id": True},
        {"order_line_id": ["L"]},
        {"quantity": 3.0},
        {"is_gift": 1, "updated_at": 1700000000},
    ]
    world.put("order_lines", "a.jsonl", "\n".join(json.dumps(row | cell) for cell in cells))
    assert world.accept("order_lines").quarantined == 4
    assert world.rules("order_lines") == [
        *((n, "order_line_id", "type", "order_line_id:type") for n in (2, 3, 4)),
        (5, "quantity", "type", "quantity:type"),
    ]
    assert "576460752303423488" in world.accepted("order_lines")["order_line_id"]


def test_native_values_that_are_none(world, good_row):
    wrong = {
        "order_line_id": pl.Series([1.5]),
        "seller_id": pl.Series([b"\xff"]),
        "product_id": pl.Series([["x"]]),
        "original_amount": pl.Series([10.0]),
        "quantity": pl.Series([1.0]),
        "updated_at": pl.Series([datetime(2025, 10, 1)]),
    }
    frame = pl.DataFrame([good_row["order_lines"]]).with_columns(cells.alias(name) for name, cells in wrong.items())
    world.put("order_lines", "a.parquet", frame)
    world.accept("order_lines")
    (row,) = world.rules("order_lines")
    names = ["order_line_id", "seller_id", "product_id", "quantity", "original_amount"]
    assert row[3] == ";".join(f"{name}:type" for name in names) + ";updated_at:naive_time"
    assert json.loads(world.quarantined("order_lines")["raw"].item())["original_amount"] == 10.0


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.parquet"])
def test_empty_file_delivers_no_rows(world, name):
    world.put("order_lines", name, b"")
    record = world.accept("order_lines")
    assert (record.state, record.delivered) == ("ACCEPTED", 0)


def test_header_alone_delivers_no_rows(world, good_row):
    world.put("order_lines", "a.csv", ",".join(good_row["order_lines"]) + ",extra\n")
    record = world.accept("order_lines")
    assert (record.state, record.delivered, record.unknown_columns) == ("ACCEPTED", 0, ("extra",))


def test_unknown_columns_are_dropped_and_optional_ones_may_be_missing(world, good_row):
    world.put_rows("refunds", [good_row["refunds"] | {"extra": "1"}])
    assert world.accept("refunds").unknown_columns == ("extra",)
    assert world.accepted("refunds")["supersedes_refund_id"].item() is None


UNUSABLE = [
    ("a.csv", lambda text: text.encode() + b"\xff\n", "a.csv is not UTF-8"),
    ("a.csv", lambda text: text.encode("utf-16"), "a.csv is not UTF-8"),
    ("a.csv.gz", lambda text: gzip.compress(text.encode())[:-9], "a.csv.gz cannot be read"),
    ("a.csv.gz", lambda text: text.encode(), "a.csv.gz cannot be read"),
    ("a.parquet", lambda text: b"PAR1" + text.encode(), "a.parquet cannot be read"),
    ("a.txt", lambda text: text.encode(), "a.txt has another suffix"),
    ("a.CSV", lambda text: text.encode(), "a.CSV has another suffix"),
    ("a.csv", lambda text: text.replace("seller_id", "vendor_id").encode(), "a.csv lacks required column seller_id"),
    ("a.csv", lambda text: text.replace("product_id", "seller_id ").encode(), "has column 'seller_id' more than once"),
    ("a.csv", lambda text: (text + '"open').encode(), "opens a quote that it never closes"),
    (
        "a.jsonl",
        lambda text: b'{"order_line_id": "1"}\n{"order_line_id": "2"}',
        "a.jsonl lacks required column order_id",
    ),
    ("a.jsonl", lambda text: b'{"order_line_id": "1", "order_line_id": "2"}', "more than once in a row"),
]


@pytest.mark.parametrize(("name", "spoil", "message"), UNUSABLE)
def test_unusable_file_refuses_the_delivery(world, good_row, name, spoil, message):
    world.put("order_lines", name, spoil(_csv([good_row["order_lines"]])))
    record = world.accept("order_lines")
    assert record.state == "REFUSED"
    assert message in (record.reason or "")
    assert not (world.settings.accepted / "order_lines" / "landed_on=2025-10-01").exists()


def test_json_column_missing_from_some_rows_is_required_there(world, good_row):
    row = good_row["order_lines"]
    part = {name: cell for name, cell in row.items() if name != "seller_id"} | {"order_line_id": "L2"}
    world.put("order_lines", "a.jsonl", json.dumps(row) + "\n" + json.dumps(part))
    assert world.accept("order_lines").accepted == 1
    assert world.rules("order_lines") == [(2, "seller_id", "required", "seller_id:required")]
