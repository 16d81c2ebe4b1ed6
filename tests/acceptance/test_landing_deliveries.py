"""Deliveries (LANDING, Deliveries): thresholds, manifests, quarantine, repeats and overtaken versions, from both sides.

Goes on where ``test_delivery_records`` ends. Does not belong here: days (``test_landing_days``) or values
(``test_landing_values``).
"""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from data_contracts.feeds import FEEDS
from orchestration import acceptance

DAY = date(2025, 10, 1)
NEXT_DAY = DAY + timedelta(1)
Rows = list[dict[str, str]]


def lines(good_row: dict[str, dict[str, str]], count: int, **change: str) -> Rows:
    """So many good order lines, each with a key of its own."""
    return [good_row["order_lines"] | {"order_line_id": f"L{n}"} | change for n in range(count)]


def with_broken(good_row: dict[str, dict[str, str]], good: int, broken: int) -> Rows:
    """Good order lines, and then so many broken ones."""
    rows = lines(good_row, good + broken)
    return [row | ({"quantity": "x"} if n >= good else {}) for n, row in enumerate(rows)]


# Refusal


@pytest.mark.parametrize(
    ("share_bps", "rows", "good", "broken", "state"),
    [
        (100, 5, 600, 5, "ACCEPTED"),  # few of many
        (100, 5, 95, 5, "ACCEPTED"),  # 5 %, but no more than 5 rows
        (100, 5, 94, 6, "REFUSED"),
        (100, 5, 990, 10, "ACCEPTED"),  # more than 5 rows, but no more than 1 %
        (100, 5, 989, 11, "REFUSED"),
        (1000, 5, 90, 10, "ACCEPTED"),  # where the feed says 10 %
        (1000, 5, 89, 11, "REFUSED"),
        (100, 7, 93, 7, "ACCEPTED"),  # where the feed says 7 rows
        (100, 7, 92, 8, "REFUSED"),
        (10_000, 10**6, 0, 2, "ACCEPTED"),
        (10_000, 10**6, 1, 3, "ACCEPTED"),
        (10_000, 10**6, 0, 3, "REFUSED"),  # all of 3 or more, whatever the feed says
    ],
)
def test_rows_that_refuse_a_delivery(
    world: Any, good_row: Any, monkeypatch: Any, share_bps: int, rows: int, good: int, broken: int, state: str
) -> None:
    feed = replace(FEEDS["order_lines"], refused_above_share_bps=share_bps, refused_above_rows=rows)
    monkeypatch.setitem(FEEDS, "order_lines", feed)
    world.put_rows("order_lines", with_broken(good_row, good, broken))
    record = world.accept("order_lines")
    assert (record.state, record.quarantined) == (state, broken)
    assert bool(list(world.settings.accepted.rglob("part*"))) == (state == "ACCEPTED")


def test_rows_of_another_shape_count_as_broken_and_repeats_as_none(world: Any, good_row: Any) -> None:
    path = world.put_rows("order_lines", [*lines(good_row, 1), *lines(good_row, 1)])
    path.write_text(path.read_text() + "x\n" * 5)
    assert world.accept("order_lines").state == "ACCEPTED"
    path.write_text(path.read_text() + "x\n")
    other = world.put("order_lines", "a.csv", path.read_bytes(), NEXT_DAY)
    record = world.accept("order_lines", NEXT_DAY)
    assert other.exists()
    assert (record.state, record.delivered, record.quarantined, record.repeats) == ("REFUSED", 8, 6, 1)


def test_one_unusable_file_refuses_all_files_of_the_delivery(world: Any, good_row: Any) -> None:
    world.put_rows("order_lines", lines(good_row, 2), "a.csv")
    world.put("order_lines", "b.jsonl", b"\xff")
    record = world.accept("order_lines")
    assert (record.state, "b.jsonl is not UTF-8" in record.reason) == ("REFUSED", True)
    assert not list(world.settings.accepted.rglob("part*"))


@pytest.mark.parametrize("name", ["a.csv", "b.csv"])
def test_a_delivery_that_is_still_being_written_is_refused(
    world: Any, good_row: Any, monkeypatch: Any, name: str
) -> None:
    def read_while_written(*file: Any) -> Any:
        yield from read(*file)
        world.put_rows("order_lines", lines(good_row, 2), name)

    read = acceptance.read_file
    world.put_rows("order_lines", lines(good_row, 1), "a.csv")
    with monkeypatch.context() as patched:
        patched.setattr(acceptance, "read_file", read_while_written)
        record = world.accept("order_lines")
    assert (record.state, "its files changed while they were read" in record.reason) == ("REFUSED", True)
    assert not list(world.settings.accepted.rglob("part*"))
    assert world.accept("order_lines").state == "ACCEPTED"


def test_a_folder_in_the_delivery_refuses_it_and_hidden_ones_are_ignored(world: Any, good_row: Any) -> None:
    path = world.put_rows("order_lines", lines(good_row, 1))
    for name in ("_temporary", ".staging"):
        (path.parent / name).mkdir()
    assert world.accept("order_lines").delivered == 1
    other = world.put_rows("order_lines", lines(good_row, 1), day=NEXT_DAY)
    (other.parent / "part.csv").mkdir()
    assert world.accept("order_lines", NEXT_DAY).state == "REFUSED"


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_required_column_must_be_in_every_file_and_an_optional_one_in_none(
    world: Any, good_row: Any, suffix: str
) -> None:
    def put(name: str, rows: Rows, day: date) -> None:
        if suffix == "csv":
            world.put_rows("refunds", rows, name, day)
        elif suffix == "jsonl":
            world.put("refunds", name, "\n".join(json.dumps(row) for row in rows), day)
        else:
            world.put("refunds", name, pl.DataFrame(rows), day)

    row = good_row["refunds"]
    put(f"a.{suffix}", [row], DAY)
    put(
        f"b.{suffix}",
        [{name: cell for name, cell in row.items() if name != "completed_at"} | {"status": "REJECTED"}],
        DAY,
    )
    assert world.accept("refunds").state == "ACCEPTED"
    put(f"a.{suffix}", [row], NEXT_DAY)
    put(f"b.{suffix}", [{name: cell for name, cell in row.items() if name != "amount"}], NEXT_DAY)
    record = world.accept("refunds", NEXT_DAY)
    assert record.state == "REFUSED"
    assert f"b.{suffix} lacks required column amount" in record.reason


def test_a_json_column_that_is_null_in_every_row_is_there(world: Any, good_row: Any) -> None:
    world.put("order_lines", "a.jsonl", json.dumps(good_row["order_lines"] | {"seller_id": None}))
    assert world.accept("order_lines").state == "ACCEPTED"
    assert world.rules("order_lines") == [(1, "seller_id", "required", "seller_id:required")]


# Manifests


def two_files(world: Any, good_row: Any, manifest: dict[str, Any], day: date) -> Any:
    """4 rows: two good ones of 10.00, one broken of -1.00, and one whose amount is no money."""
    world.put_rows("order_lines", lines(good_row, 2), "a.csv", day)
    broken = [good_row["order_lines"] | {"original_amount": amount} for amount in ("-1.00", "10.005")]
    world.put("order_lines", "b.jsonl", "\n".join(json.dumps(row) for row in broken), day)
    world.put("order_lines", "_manifest.json", json.dumps(manifest), day)
    return world.accept("order_lines", day)


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ({"rows": 4, "totals": {"original_amount": "19.00"}}, None),
        ({"totals": {"original_amount": "19.000", "platform_discount": "0", "seller_discount": "6"}}, None),
        ({"rows": 4}, None),
        ({}, None),
        ({"rows": 3}, ("3", "4")),
        ({"rows": 5}, ("5", "4")),
        ({"rows": 4, "totals": {"original_amount": "19.01"}}, ("19.01", "19.00")),
        ({"rows": 4, "totals": {"original_amount": "18.99"}}, ("18.99", "19.00")),
        ({"rows": 4, "totals": {"original_amount": "-19.00"}}, ("-19.00", "19.00")),
        ({"rows": 4, "totals": {"seller_discount": "0"}}, ("0.00", "6.00")),
    ],
)
def test_a_manifest_that_is_off_shows_both_figures(
    world: Any, good_row: Any, manifest: dict[str, Any], told: tuple[str, str] | None
) -> None:
    record = two_files(world, good_row, manifest, DAY)
    assert record.state == ("REFUSED" if told else "ACCEPTED"), record.reason
    for figure in told or ():
        assert f" {figure}" in record.reason


def test_a_manifest_counts_rows_that_are_none_and_repeats(world: Any, good_row: Any) -> None:
    path = world.put_rows("order_lines", [*lines(good_row, 2), *lines(good_row, 2)])
    path.write_text(path.read_text() + "too,few\n")
    world.put("order_lines", "_manifest.json", '{"rows": 5, "totals": {"original_amount": "40"}}')
    assert world.accept("order_lines").state == "ACCEPTED"


def test_a_manifest_alone_delivers_no_rows(world: Any) -> None:
    world.put("order_lines", "_manifest.json", '{"rows": 0, "totals": {"original_amount": "0.00"}}')
    assert world.accept("order_lines").state == "ACCEPTED"
    world.put("order_lines", "_manifest.json", '{"rows": 1}', NEXT_DAY)
    assert world.accept("order_lines", NEXT_DAY).state == "REFUSED"


def test_a_manifest_may_write_tenths(world: Any, good_row: Any) -> None:
    for day, total, state in ((DAY, "1.5", "ACCEPTED"), (NEXT_DAY, "1.05", "REFUSED")):
        world.put_rows("order_lines", lines(good_row, 1, seller_discount="1.50"), day=day)
        world.put("order_lines", "_manifest.json", json.dumps({"totals": {"seller_discount": total}}), day)
        assert world.accept("order_lines", day).state == state


# Quarantine


def test_quarantine_says_where_a_broken_row_stands_and_what_it_says(world: Any, good_row: Any) -> None:
    row = good_row["order_lines"]
    broken = row | {"order_line_id": " L7 ", "quantity": "0", "is_gift": "so"}
    world.put_rows("order_lines", [row, broken], "a.csv")
    text = json.dumps(broken)
    world.put("order_lines", "b.jsonl.gz", gzip.compress(f"{json.dumps(row)}\n{json.dumps(row)}\n{text}\n".encode()))
    world.put("order_lines", "c.parquet", pl.DataFrame([broken]))
    world.accept("order_lines")
    rows = world.quarantined("order_lines").sort("file")
    rules = ("quantity", "range", "quantity:range;is_gift:type")
    places = rows.select("feed", "landed_on", "file", "row_number", "column", "rule", "all_rules", "record_id").rows()
    assert places == [
        ("order_lines", DAY, name, number, *rules, "L7")
        for name, number in (("a.csv", 2), ("b.jsonl.gz", 3), ("c.parquet", 1))
    ]
    csv_text, json_text, parquet_text = rows["raw"]
    assert (csv_text, json_text) == (",".join(broken.values()), text)
    assert json.loads(parquet_text)["is_gift"] == "so"


def test_a_broken_row_never_hides_an_older_good_version(world: Any, good_row: Any) -> None:
    """Not in its own delivery, wherever it stands, and not in a later one."""
    older = good_row["order_lines"] | {"updated_at": "2025-09-30T09:00:00Z"}
    broken = good_row["order_lines"] | {"seller_id": ""}
    for day, rows in ((DAY, [broken, older]), (NEXT_DAY, [older, broken])):
        world.put_rows("order_lines", rows, day=day)
        world.accept("order_lines", day)
        assert world.accepted("order_lines", day)["order_line_id"].to_list() == ["L1"]
    later = NEXT_DAY + timedelta(1)
    world.put_rows("order_lines", [broken], day=later)
    world.accept("order_lines", later)
    assert world.accepted("order_lines", later).is_empty()
    assert world.accepted("order_lines", NEXT_DAY).height == 1


# Repeats and overtaken versions


def test_repeats_are_found_across_files_and_forms_and_overtaken_ones_too(world: Any, good_row: Any) -> None:
    row = good_row["order_lines"]
    newer = row | {"updated_at": "2025-10-01T09:00:00.000001Z"}
    world.put_rows("order_lines", [newer, row], "a.csv")
    same = row | {"quantity": 2, "original_amount": 10.0, "is_gift": 0, "updated_at": 1759309200}
    world.put("order_lines", "b.jsonl", json.dumps(same) + "\n" + json.dumps(newer))
    world.put("order_lines", "c.parquet", pl.DataFrame([row, row | {"order_line_id": "L2"}]))
    record = world.accept("order_lines")
    counts = (record.delivered, record.good, record.accepted, record.overtaken, record.quarantined, record.repeats)
    assert counts == (6, 3, 2, 1, 0, 3)


def test_what_repeats_in_another_delivery_is_no_repeat(world: Any, good_row: Any) -> None:
    for day in (DAY, NEXT_DAY):
        world.put_rows("order_lines", lines(good_row, 2), day=day)
        record = world.accept("order_lines", day)
        assert (record.repeats, record.accepted) == (0, 2)


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ([{"product_id": "é"}, {"product_id": "z"}], 0),  # byte by byte: é is C3 A9
        ([{"product_id": "P\U0001f600"}, {"product_id": "P\uffff"}], 0),  # bytes, not UTF-16 units
        ([{"product_id": "P"}, {"product_id": "P1"}], 1),
        ([{"original_amount": "9"}, {"original_amount": "10"}], 0),  # cents as text: 900, 1000
        ([{"is_gift": "true"}, {"is_gift": "false"}], 0),
        ([{"seller_id": "T", "quantity": "1"}, {"seller_id": "S", "quantity": "9"}], 0),  # the table's order
        ([{"updated_at": "2025-09-30T00:00Z", "product_id": "Z"}, {"product_id": "A"}], 1),  # the time goes first
    ],
)
def test_of_versions_in_one_delivery_the_greatest_holds(
    world: Any, good_row: Any, changes: list[dict[str, str]], holds: int
) -> None:
    for day, order in ((DAY, changes), (NEXT_DAY, changes[::-1])):
        world.put_rows("order_lines", [good_row["order_lines"] | change for change in order], day=day)
        assert world.accept("order_lines", day).overtaken == 1
        held = world.accepted("order_lines", day).row(0, named=True)
        for name, value in changes[holds].items():
            expected = {"original_amount": 900, "is_gift": True, "quantity": 1}.get(name, value)
            if name != "updated_at":
                assert held[name if name != "original_amount" else "original_amount_cents"] == expected


def test_null_is_the_least_text(world: Any, good_row: Any) -> None:
    row = good_row["sellers"]
    world.put_rows("sellers", [row | {"payee_id": "!"}, row | {"payee_id": ""}])
    assert world.accept("sellers").overtaken == 1
    assert world.accepted("sellers")["payee_id"].item() == "!"


# What delivers no rows


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""), ("a.csv", b"\xef\xbb\xbf"), ("a.csv.gz", gzip.compress(b"", mtime=0)), ("a.jsonl", b""),
        ("a.jsonl", b"\xef\xbb\xbf"), ("a.jsonl.gz", gzip.compress(b"", mtime=0)), ("a.jsonl.gz", b""), ("a.parquet", b""),
    ],
)  # fmt: skip
def test_an_empty_file_delivers_no_rows(world: Any, name: str, content: bytes) -> None:
    world.put("order_lines", name, content)
    record = world.accept("order_lines")
    assert (record.state, record.delivered) == ("ACCEPTED", 0), record.reason


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_header_alone_delivers_no_rows(world: Any, good_row: Any, ending: str) -> None:
    header = ",".join(good_row["order_lines"]) + ending
    world.put("order_lines", "a.csv", header)
    world.put("order_lines", "b.csv.gz", gzip.compress(header.encode()))
    world.put("order_lines", "c.parquet", pl.DataFrame([good_row["order_lines"]]).clear())
    record = world.accept("order_lines")
    assert (record.state, record.delivered) == ("ACCEPTED", 0), record.reason
