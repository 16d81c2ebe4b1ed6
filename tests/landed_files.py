"""Rows of text as the files of a delivery: in any order, any split, under any names and in any format.

All of these say the same rows. Does not belong here: the rows, and files that are damaged or odd (``acceptance/fuzz_formats``).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from data_contracts.columns import Column, Kind
from data_contracts.feeds import Feed

TEXT_FORMATS = ("csv", "csv.gz", "jsonl", "jsonl.gz")
FORMATS = (*TEXT_FORMATS, "parquet")
NAMES = ("a", "B", "part-00000", "part-00001", "2025-10-01", "z é", "0")
NO_RECORD = "?"
"""A row of one field, which no feed has, and no JSON."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")

Row = dict[str, str | None] | None
"""The text of each column, None where nothing stands; a row that is no record is None, and has no place in Parquet."""


@dataclass(frozen=True)
class File:
    """One file of a delivery, the rows that it holds, and its columns in their order there."""

    content: bytes
    rows: tuple[Row, ...]
    columns: tuple[str, ...]


def one_file(feed: Feed, rows: Sequence[Row]) -> File:
    """All rows as plain CSV."""
    columns = tuple(column.name for column in feed.columns)
    return File(_csv(columns, rows, "\n", csv.QUOTE_MINIMAL).encode(), tuple(rows), columns)


def any_files(feed: Feed, rows: Sequence[Row], chance: random.Random) -> dict[str, File]:
    """The rows in any order as some files by name, of which some may hold none."""
    names = chance.sample(NAMES, chance.randint(1, 4))
    shares: dict[str, list[Row]] = {name: [] for name in names}
    for row in chance.sample(rows, len(rows)):
        shares[chance.choice(names)].append(row)
    files = {}
    for name, share in shares.items():
        suffix = chance.choice(TEXT_FORMATS if None in share else FORMATS)
        files[f"{name}.{suffix}"] = _any_file(feed, suffix, share, chance)
    return files


def _any_file(feed: Feed, suffix: str, rows: Sequence[Row], chance: random.Random) -> File:
    """Columns stand in any order, and optional ones that are null in all rows may be left out."""
    given = {name for row in rows if row is not None for name, text in row.items() if text}
    columns = [column for column in feed.columns if column.required or column.name in given or chance.random() < 0.3]
    chance.shuffle(columns)
    names = tuple(column.name for column in columns)
    if suffix == "parquet":
        return File(_parquet(names, rows), tuple(rows), names)
    if "csv" in suffix:
        text = _csv(names, rows, chance.choice(("\n", "\r\n")), chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)))
    else:
        text = "\n".join(_json_line(columns, row, chance) for row in rows)
    content = text.encode("utf-8-sig" if chance.random() < 0.2 else "utf-8")
    return File(gzip.compress(content, 1, mtime=0) if suffix.endswith(".gz") else content, tuple(rows), names)


def _csv(columns: Sequence[str], rows: Sequence[Row], end: str, quoting: int) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator=end, quoting=quoting)
    writer.writerow(columns)
    for row in rows:
        if row is None:
            stream.write(NO_RECORD + end)
        else:
            writer.writerow([row[name] for name in columns])
    return stream.getvalue()


def _json_line(columns: Sequence[Column], row: Row, chance: random.Random) -> str:
    """Numbers and words of booleans stand as text or as they are in JSON, which counts as their text."""

    def written(column: Column, text: str | None) -> str:
        is_number = text is not None and _NUMBER.fullmatch(text) and ("." not in text or column.kind is not Kind.TEXT)
        is_word = column.kind is Kind.BOOLEAN and text in ("true", "false")
        return str(text) if (is_number or is_word) and chance.random() < 0.5 else json.dumps(text)

    if row is None:
        return NO_RECORD
    return "{" + ", ".join(f'"{column.name}": {written(column, row[column.name])}' for column in columns) + "}"


def _parquet(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    stream = io.BytesIO()
    texts = {name: [row[name] for row in rows if row is not None] for name in columns}
    pl.DataFrame(texts, schema=dict.fromkeys(columns, pl.String)).write_parquet(stream)
    return stream.getvalue()
