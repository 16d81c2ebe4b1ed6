"""The same rows in every format, and in Parquet's own types: the same accepted rows and the same quarantine, feed by feed."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import polars as pl
import pytest
from fuzz_contract import FEED_CELLS, Cell, read_row, versions_that_hold
from fuzz_mutations import DAY
from test_fuzzed_rows import assert_quarantine, rows_of, rows_of_values

from data_contracts.feeds import FEEDS

ROWS = 150
INTEGERS = (
    *(pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64()),
    *(pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64()),
)
NUMBERS = ("0", "1", "2", "7", "10000", "10001", "-1", "127", "255", "65535", "2147483647", "-2147483648", "4294967295")
LARGE = (
    "9" * 18,
    "-" + "9" * 18,
    "1" + "0" * 18,
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
)


@dataclass(frozen=True)
class Dress:
    """A column in a type of Parquet's own: the texts that it may hold, its type, and how a text becomes a value of it."""

    texts: tuple[str, ...]
    dtype: pl.DataType
    value: Callable[[str], object]
    is_json_number: bool = False


def _plain(texts: tuple[str, ...], chance: random.Random) -> Dress:
    dtype = chance.choice((pl.String(), pl.Categorical(), pl.Enum(sorted(set(texts)))))
    return Dress(texts, dtype, str)


def _whole(chance: random.Random) -> Dress:
    dtype = chance.choice((*INTEGERS, pl.Decimal(38, 0), pl.Decimal(20, 0)))
    if isinstance(dtype, pl.Decimal):
        return Dress(NUMBERS + LARGE, dtype, Decimal, True)
    bounds = pl.select(least=dtype.min(), most=dtype.max()).row(0)
    fitting = [text for text in (*NUMBERS, *LARGE, *map(str, bounds)) if bounds[0] <= int(text) <= bounds[1]]
    return Dress(tuple(fitting), dtype, int, True)


def _decimal(chance: random.Random) -> Dress:
    precision, scale = chance.choice(
        ((4, 2), (9, 3), (15, 2), (18, 4), (18, 2), (38, 2), (38, 10), (38, 24), (38, 0), (20, 1))
    )
    whole = precision - scale
    integers = ["0", "1", "12", "-1", "9" * whole, "-" + "9" * whole, "9" * 13, "9" * 14, "1" + "0" * 13]
    fractions = ["", "0", "5", "50", "05", "009", "9" * scale, "1" + "0" * (scale - 1), "0" * (scale - 1) + "1"]
    texts = []
    for number in integers:
        for fraction in fractions:
            if len(number.lstrip("-")) <= whole and len(fraction) <= scale:
                texts.append(f"{number}.{fraction}" if fraction else number)
    return Dress(tuple(texts), pl.Decimal(precision, scale), Decimal, True)


def _boolean(chance: random.Random) -> Dress:
    return chance.choice(
        (
            Dress(("true", "false"), pl.Boolean(), lambda text: text == "true"),
            Dress(("0", "1", "2"), chance.choice(INTEGERS), int, True),
            Dress(("0", "1", "2"), pl.Decimal(5, 0), Decimal, True),
            _plain(("TRUE", "False", "1", "0", "yes", " true"), chance),
        )
    )


def _time(chance: random.Random) -> Dress:
    texts = tuple(
        f"2025-{month:02d}-{day:02d}T{clock}"
        for month, day in ((6, 1), (9, 30), (10, 2))
        for clock in ("00:00:00", "09:30:15.125", "23:59:59.999")
    )
    if chance.random() < 0.2:
        seconds = ("1700000000", "1759449600", "1759449601", "5", "-1700000000")
        return Dress(seconds, chance.choice((pl.Int32(), pl.Int64(), pl.Decimal(18, 0))), int, True)
    unit = chance.choice(("ms", "us", "ns"))
    if chance.random() < 0.2:
        return Dress(texts, pl.Datetime(unit), datetime.fromisoformat)
    zone = chance.choice(("UTC", "UTC", "America/New_York", "Asia/Kathmandu"))
    texts = tuple(
        f"{text}Z" for text in (*texts, "2025-10-03T00:00:00", "2025-10-03T00:00:00.001", "1969-12-31T23:59:59.5")
    )
    return Dress(texts, pl.Datetime(unit, zone), lambda text: datetime.fromisoformat(text).astimezone(UTC))


def _date(chance: random.Random) -> Dress:
    if chance.random() < 0.2:
        return Dress(("20251001", "0", "19000"), pl.Int32(), int, True)
    return Dress(("2025-01-01", "2024-12-31", "2024-02-29", "0001-01-01", "9999-12-31"), pl.Date(), date.fromisoformat)


def _dress(feed: str, cell: Cell, chance: random.Random) -> Dress | None:
    """A type for a column, which holds good values where there must be some; None for one that holds nothing at all."""
    if cell.optional and chance.random() < 0.15:
        return None
    ways = {
        "money": [_decimal, _decimal, _whole],
        "integer": [_whole],
        "boolean": [_boolean],
        "time": [_time],
        "date": [_date],
    }
    odd = (*cell.listed * 3, "", " S2 ", "ÄΣ", "MEMBER:1", "../x", "=1+1", "a,b", 'say "a"', "a\nb")
    ways["text"] = [lambda chance: _plain(odd, chance)] + [_whole] * (not cell.listed)
    while True:
        dress = chance.choice(ways[cell.kind])(chance)
        if cell.optional or _good_texts(feed, cell, dress):
            return dress


def _good_texts(feed: str, cell: Cell, dress: Dress) -> list[str]:
    """Those of the texts that break no rule of the column by themselves."""
    return [
        text
        for text in dress.texts
        if not any(fault.startswith(f"{cell.name}:") for fault in read_row(feed, {cell.name: text}, DAY).broken)
    ]


def _drawn(feed: str, cell: Cell, dress: Dress | None, chance: random.Random) -> list[str | None]:
    """Texts for a column, most of them good where the type holds good ones."""
    if dress is None:
        return [None] * ROWS
    good = _good_texts(feed, cell, dress) or dress.texts
    rare = 0.1 if cell.optional else 0.01
    return [
        None if chance.random() < rare else chance.choice(good if chance.random() < 0.93 else dress.texts)
        for _ in range(ROWS)
    ]


def _texts(columns: dict[str, list[str | None]]) -> list[dict[str, str | None]]:
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _as_csv(rows: list[dict[str, str | None]]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def _as_json_lines(rows: list[dict[str, str | None]], dresses: dict[str, Dress | None]) -> bytes:
    def written(name: str, text: str | None) -> str:
        dress = dresses[name]
        if text is not None and dress is not None and dress.is_json_number:
            return text
        return text if dress and dress.dtype == pl.Boolean and text else json.dumps(text)

    lines = ["{" + ",".join(f'"{name}":{written(name, text)}' for name, text in row.items()) + "}" for row in rows]
    return "\n".join(lines).encode()


def _as_parquet(columns: dict[str, list[str | None]], dresses: dict[str, Dress | None]) -> bytes:
    series = []
    for name, texts in columns.items():
        dress = dresses[name]
        values = texts if dress is None else [None if text is None else dress.value(text) for text in texts]
        if dress is not None and isinstance(dress.dtype, pl.Datetime) and dress.dtype.time_zone:
            there = pl.Series(name, values, pl.Datetime("us", "UTC")).dt.convert_time_zone(dress.dtype.time_zone)
            series.append(there.cast(dress.dtype))
        else:
            series.append(pl.Series(name, values, pl.Null if dress is None else dress.dtype))
    stream = io.BytesIO()
    pl.DataFrame(series).write_parquet(stream, row_group_size=64)
    return stream.getvalue()


def _by_another_writer(content: bytes, folder) -> bytes:
    """The same Parquet as another engine writes it, in the newer encodings."""
    (folder / "from.parquet").write_bytes(content)
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (from read_parquet('{folder}/from.parquet')) to '{folder}/to.parquet' (parquet_version v2, compression gzip)"
        )
    return (folder / "to.parquet").read_bytes()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("feed", FEED_CELLS)
def test_formats_agree(world, monkeypatch, tmp_path, feed, seed):
    monkeypatch.setitem(FEEDS, feed, replace(FEEDS[feed], refused_above_share_bps=10_000))
    chance = random.Random(f"{feed} {seed}")
    dresses = {cell.name: _dress(feed, cell, chance) for cell in FEED_CELLS[feed]}
    columns = {cell.name: _drawn(feed, cell, dresses[cell.name], chance) for cell in FEED_CELLS[feed]}
    rows = _texts(columns)
    reads = [read_row(feed, row, DAY) for row in rows]
    holding, repeats = versions_that_hold(feed, [read.values for read in reads if not read.broken])
    native = _as_parquet(columns, dresses)
    plain, lines = _as_csv(rows), _as_json_lines(rows, dresses)
    files = {"a.csv": plain, "a.csv.gz": gzip.compress(plain), "a.jsonl": lines, "a.jsonl.gz": gzip.compress(lines)}
    files |= {"a.parquet": native, "b.parquet": _by_another_writer(native, tmp_path)}
    for name, content in files.items():
        place = tmp_path / f"in {name}"
        fresh = type(world)(replace(world.settings, home=place / "home", landing=place / "landing"))
        fresh.put(feed, name, content)
        record = fresh.accept(feed)
        assert (record.delivered, record.accepted, record.repeats) == (ROWS, len(holding), repeats), record.reason
        assert_quarantine(fresh, feed, [(name, number, None, read) for number, read in enumerate(reads, 1)])
        assert not holding or rows_of(fresh.accepted(feed)) == rows_of_values(holding)
        if name.endswith(".parquet"):
            raw = [json.loads(text) for text in fresh.quarantined(feed)["raw"]]
            assert all(list(cells) == list(columns) for cells in raw)
