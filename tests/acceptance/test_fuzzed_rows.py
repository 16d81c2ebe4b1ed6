"""A hundred thousand mutated rows in all formats and feeds: acceptance says what a second reading of LANDING says."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace

import polars as pl
import pytest
from fuzz_contract import FEED_CELLS, MISSHAPEN, Read, Value, read_row, versions_that_hold
from fuzz_formats import FORMATS, encoded
from fuzz_mutations import DAY, Row, rows

from data_contracts.feeds import FEEDS

ROWS_A_FILE = 1_200  # times 17 feeds and 5 formats: 102,000 rows


@pytest.fixture(params=FEED_CELLS)
def feed(request, monkeypatch):
    """A feed that is not refused for the many rows that break."""
    monkeypatch.setitem(FEEDS, request.param, replace(FEEDS[request.param], refused_above_share_bps=10_000))
    return request.param


def test_second_reading_knows_all_feeds():
    assert {name: [cell.name for cell in cells] for name, cells in FEED_CELLS.items()} == {
        feed.name: [column.name for column in feed.columns] for feed in FEEDS.values()
    }


def test_mutated_rows(world, feed):
    chance = random.Random(f"rows of {feed}")
    expected: list[tuple[str, int, str | None, Read]] = []
    for place, name in enumerate(FORMATS):
        mutated = rows(feed, ROWS_A_FILE, chance, place * ROWS_A_FILE // 2)
        if name.endswith(".parquet"):
            mutated = [Row(row.cells) for row in mutated]
        content, texts = encoded(name, feed, mutated, chance)
        world.put(feed, name, content)
        for number, (row, text) in enumerate(zip(mutated, texts, strict=True), 1):
            read = MISSHAPEN if row.shape else read_row(feed, row.cells, DAY)
            expected.append((name, number, text, read))
    world.put(feed, "_manifest.json", json.dumps(_manifest(feed, [read for *_, read in expected])))
    record = world.accept(feed)
    assert record.state == "ACCEPTED", record.reason
    assert record.delivered == len(expected) == ROWS_A_FILE * len(FORMATS)
    assert_quarantine(world, feed, expected)
    holding, repeats = versions_that_hold(feed, [read.values for *_, read in expected if not read.broken])
    assert (record.accepted, record.repeats) == (len(holding), repeats)
    assert rows_of(world.accepted(feed)) == rows_of_values(holding)


def _manifest(feed: str, reads: list[Read]) -> dict[str, object]:
    money = [cell.name for cell in FEED_CELLS[feed] if cell.kind == "money"]
    cents = {name: sum(read.values.get(name) or 0 for read in reads) for name in money}
    totals = {name: f"{'-' * (at < 0)}{abs(at) // 100}.{abs(at) % 100:02d}" for name, at in cents.items()}
    return {"rows": len(reads), "totals": totals}


def assert_quarantine(world, feed: str, expected: list[tuple[str, int, str | None, Read]]) -> None:
    broken = {(name, number): (text, read) for name, number, text, read in expected if read.broken}
    found = world.quarantined(feed)
    assert found.height == len(broken)
    for row in found.iter_rows(named=True):
        text, read = broken[row["file"], row["row_number"]]
        assert (row["column"], row["rule"]) == read.first, text
        assert row["all_rules"] == ";".join(read.broken), text
        assert text is None or row["raw"] == text
        assert row["record_id"] == _key_text(feed, read)


def _key_text(feed: str, read: Read) -> str | None:
    """The key of a broken row, where all of it could be read."""
    key = [read.values.get(cell.name) for cell in FEED_CELLS[feed] if cell.is_key]
    return None if None in key else "\x1f".join(str(value) for value in key)


def rows_of(accepted: pl.DataFrame) -> Counter[tuple[Value, ...]]:
    plain = accepted.drop("landed_on", "order_key", "line_key", strict=False).with_columns(
        pl.col(pl.Datetime("us", "UTC")).to_physical()
    )
    return Counter(plain.iter_rows())


def rows_of_values(holding: list[dict[str, Value]]) -> Counter[tuple[Value, ...]]:
    return Counter(tuple(values.values()) for values in holding)
