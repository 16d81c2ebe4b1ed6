"""Reads the files of a delivery as bounded batches of raw cells, row numbers and raw text (LANDING, Values).

Belongs here: the formats (CSV, JSON Lines, Parquet, gzip) and what makes a whole file unusable. Does not belong here:
what a cell means (``data_contracts.values``), or what becomes of broken rows (``acceptance``).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import reprlib
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import polars as pl

from data_contracts.columns import Kind
from data_contracts.feeds import Feed
from data_contracts.values import WHITE_SPACE
from orchestration.errors import RefusedError

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz")
BATCH_ROWS = 200_000
DECODED_ROWS = 500_000  # of Parquet at once: a row group may hold a whole delivery
TEXT_BATCH_ROWS = 50_000  # rows of text are Python objects, many times larger
BATCH_CHARACTERS = 2**23  # of text, where rows are long
BATCH_BYTES = 2**26  # of text in Parquet, where rows are long
LONGEST_RECORD = 2**24  # characters; a quote that is never closed ends here instead of filling memory
MOST_COLUMNS = 10_000  # names, known or not, in one file

NO_ROWS = pl.Schema({"row_number": pl.Int64, "raw": pl.String})


class UnusableFileError(RefusedError):
    """A file that refuses its whole delivery; the message names file, cause and cure."""


@dataclass(frozen=True)
class Batch:
    """Consecutive data rows of one file.

    ``cells`` has the feed's columns that the file has, as they stand; ``row_numbers`` counts data rows from 1.
    ``misshapen`` are rows that are no records (NO_ROWS). ``mistyped`` marks cells whose JSON type says that they are
    not of the column's kind. ``unknown`` names columns that the feed does not have. ``raw`` is each row's text; where
    it is None (Parquet) the cells written as JSON stand for it.
    """

    cells: pl.DataFrame
    row_numbers: pl.Series
    raw: pl.Series | None = None
    misshapen: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NO_ROWS))
    mistyped: dict[str, pl.Series] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()

    @property
    def text_bytes(self) -> int:
        """Bytes of text in all its rows."""
        whole = self.cells if self.raw is None else [self.raw]
        return sum(_text_bytes(column) for column in [*whole, self.misshapen["raw"]])

    def raw_text(self, rows: pl.Series) -> pl.Series:
        """The raw text of the rows at these places of the batch."""
        if self.raw is not None:
            return self.raw.gather(rows).alias("raw")
        chosen = self.cells.select(pl.all().gather(rows))
        other = [name for name, kind in chosen.schema.items() if kind.is_nested() or kind == pl.Binary]
        written = [pl.col(name).map_elements(repr, return_dtype=pl.String) for name in other]
        return chosen.with_columns(written).select(pl.struct(pl.all()).struct.json_encode().alias("raw")).to_series()


def read_file(path: Path, feed: Feed) -> Iterator[Batch]:
    """The data rows of a file in order, in batches of at most BATCH_ROWS; UnusableFileError where it has none to give.

    An empty file has no rows, whatever its format.
    """
    if not path.name.endswith(SUFFIXES):
        raise _unusable(path, "has another suffix than " + ", ".join(SUFFIXES), "convert it or take it out")
    try:
        if path.name.endswith(".parquet"):
            yield from _read_parquet(path, feed)
            return
        read = _read_csv if path.name.endswith((".csv", ".csv.gz")) else _read_json_lines
        with _open(path) as stream, _lines(stream) as lines:
            yield from read(path, feed, _bounded(path, lines))
    except UnicodeDecodeError as error:
        raise _unusable(path, f"is not UTF-8 ({error.reason})", "deliver it in UTF-8") from error
    except (OSError, EOFError, zlib.error, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        cause = " ".join(str(error).split())[:200] or type(error).__name__
        raise _unusable(path, f"cannot be read ({cause})", "deliver it again, whole") from error


def _unusable(path: Path, cause: str, cure: str) -> UnusableFileError:
    return UnusableFileError(f"{path.name} {cause}: {cure}")


def _open(path: Path) -> IO[bytes]:
    if path.name.endswith(".gz"):
        return cast(IO[bytes], gzip.open(path))
    return path.open("rb")


def _lines(stream: IO[bytes]) -> io.TextIOWrapper:
    """Lines end in LF alone: a lone CR, or a Unicode line separator, is part of one. A BOM at the start is dropped."""
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="strict", newline="\n")


def _bounded(path: Path, lines: io.TextIOWrapper) -> Iterator[str]:
    """The lines; UnusableFileError at one that is longer than a record may be, before it fills memory."""
    while line := lines.readline(LONGEST_RECORD + 1):
        if len(line) > LONGEST_RECORD:
            raise _too_long(path)
        yield line


def _too_long(path: Path) -> UnusableFileError:
    return _unusable(path, f"has a row of more than {LONGEST_RECORD:,} characters", "end each row with a line feed")


def _check_names(path: Path, feed: Feed, names: list[str]) -> frozenset[str]:
    """The unknown names of a header; UnusableFileError where one repeats or a required column is missing."""
    _check_count(path, len(names))
    repeated = _repeated(names)
    if repeated is not None:
        raise _unusable(path, f"has column {reprlib.repr(repeated)} more than once", "name each column once")
    _check_required(path, feed, names)
    return frozenset(names) - {column.name for column in feed.columns}


def _check_count(path: Path, names: int) -> None:
    if names > MOST_COLUMNS:
        raise _unusable(path, f"has more than {MOST_COLUMNS:,} columns", "deliver those of its feed")


def _repeated(names: Iterable[str]) -> str | None:
    """The first name that stands more than once."""
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _check_required(path: Path, feed: Feed, names: Iterable[str]) -> None:
    missing = [column.name for column in feed.columns if column.required and column.name not in names]
    if missing:
        cure = "deliver it with " + ("that column" if len(missing) == 1 else "those columns")
        raise _unusable(path, f"lacks required column {', '.join(missing)}", cure)


# Parquet


def _read_parquet(path: Path, feed: Feed) -> Iterator[Batch]:
    if path.stat().st_size == 0:
        return
    scan = pl.scan_parquet(path, hive_partitioning=False, glob=False)
    names = scan.collect_schema().names()
    unknown = _check_names(path, feed, names)
    known = scan.select(column.name for column in feed.columns if column.name in names)
    read = 0
    height = scan.select(pl.len()).collect().item()
    for start in range(0, height, DECODED_ROWS):
        for cells in known.slice(start, DECODED_ROWS).collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
            for part in _parts(cells):
                yield Batch(part, _numbers(read, part.height), unknown=unknown)
                read += part.height
    if read == 0:
        yield Batch(known.collect_schema().to_frame(), _numbers(0, 0), unknown=unknown)


def _parts(cells: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows in order, in frames that bound memory: a file may say a long text once and mean it in every row."""
    size = sum(_text_bytes(column) for column in cells)
    if cells.height > BATCH_ROWS or (size > BATCH_BYTES and cells.height > 1):
        half = cells.height // 2
        yield from _parts(cells[:half])
        yield from _parts(cells[half:])
    elif cells.height:
        yield cells


def _text_bytes(column: pl.Series) -> int:
    if column.dtype == pl.String:
        lengths = column.str.len_bytes()
    elif isinstance(column.dtype, pl.Categorical | pl.Enum):
        lengths = column.cat.len_bytes()
    elif column.dtype == pl.Binary:
        lengths = column.bin.size()
    else:
        return 0
    return int(lengths.cast(pl.Int64).sum())


def _numbers(before: int, count: int) -> pl.Series:
    return pl.int_range(before + 1, before + count + 1, dtype=pl.Int64, eager=True).alias("row_number")


# CSV


def _read_csv(path: Path, feed: Feed, lines: Iterator[str]) -> Iterator[Batch]:
    records = _csv_records(path, lines)
    header, text = next(records, (None, None))
    if text is None:
        return
    if header is None:
        cure = "end lines in LF or CRLF, and quote as it says"
        raise _unusable(path, "has a header that breaks RFC 4180", cure)
    names = [name.strip(WHITE_SPACE) for name in header]
    unknown = _check_names(path, feed, names)
    places = {name: place for place, name in enumerate(names) if name not in unknown}
    first = 1
    while True:
        kept = _Kept(first)
        for fields, text in records:
            kept.add(fields if fields is not None and len(fields) == len(names) else None, text)
            if kept.is_full:
                break
        columns = list(zip(*kept.records, strict=True)) or [()] * len(names)
        cells = pl.DataFrame([pl.Series(name, columns[place], pl.String) for name, place in places.items()])
        yield kept.batch(cells, {}, unknown)
        if not kept.is_full:
            return
        first += kept.rows


def _csv_records(path: Path, lines: Iterator[str]) -> Iterator[tuple[list[str] | None, str]]:
    """Each record's fields and its text; fields are None where quotes or line ends break RFC 4180."""
    taken: list[str] = []

    def tee() -> Iterator[str]:
        characters = 0
        for line in lines:
            characters = characters + len(line) if taken else len(line)
            if characters > LONGEST_RECORD:
                raise _never_closed(path)
            taken.append(line)
            yield line

    reader = csv.reader(tee(), strict=True)
    csv.field_size_limit(LONGEST_RECORD)
    while True:
        fields: list[str] | None
        try:
            fields = next(reader, None) or ([""] if taken else None)
            if fields is None:
                return
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise _never_closed(path) from error
            fields = None
        yield fields, "".join(taken).rstrip("\r\n")
        taken.clear()


def _never_closed(path: Path) -> UnusableFileError:
    return _unusable(path, "opens a quote that it never closes", "quote as RFC 4180 says")


class _Kept:
    """The records of one batch of a text file, told apart from rows that are none."""

    def __init__(self, first: int) -> None:
        self.records: list[Any] = []
        self.rows = 0
        self._characters = 0
        self._first = first
        self._numbers: list[int] = []
        self._texts: list[str] = []
        self._misshapen: list[tuple[int, str]] = []

    def add(self, record: Any | None, text: str) -> None:
        number = self._first + self.rows
        self.rows += 1
        self._characters += len(text)
        if record is None:
            self._misshapen.append((number, text))
            return
        self.records.append(record)
        self._numbers.append(number)
        self._texts.append(text)

    @property
    def is_full(self) -> bool:
        return self.rows >= TEXT_BATCH_ROWS or self._characters >= BATCH_CHARACTERS

    def batch(self, cells: pl.DataFrame, mistyped: dict[str, pl.Series], unknown: frozenset[str]) -> Batch:
        return Batch(
            cells,
            pl.Series("row_number", self._numbers, pl.Int64),
            pl.Series("raw", self._texts, pl.String),
            pl.DataFrame(self._misshapen, schema=NO_ROWS, orient="row"),
            mistyped,
            unknown,
        )


# JSON Lines


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that a repeated name is seen."""


class _Fraction(str):
    """The text of a JSON number with a fraction or an exponent."""

    __slots__ = ()


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_float=_Fraction, parse_int=str, parse_constant=_no_number, strict=True
)


def _read_json_lines(path: Path, feed: Feed, lines: Iterator[str]) -> Iterator[Batch]:
    known = {column.name for column in feed.columns}
    seen: set[str] = set()
    first, records = 1, 0
    while True:
        kept = _Kept(first)
        for line in lines:
            record = _json_record(path, line)
            kept.add(record, line.rstrip("\r\n"))
            if record is not None:
                seen.update(record)
                _check_count(path, len(seen))
            if kept.is_full:
                break
        records += len(kept.records)
        cells, mistyped = _json_cells(feed, kept.records)
        yield kept.batch(cells, mistyped, frozenset(seen - known))
        if not kept.is_full:
            break
        first += kept.rows
    if records:
        _check_required(path, feed, seen)


def _json_record(path: Path, line: str) -> dict[str, Any] | None:
    """The object on a line; None where the line is no object or no text."""
    try:
        pairs = _DECODER.decode(line)
        if not isinstance(pairs, _Pairs):
            return None
        if "\\u" in line:  # half of a surrogate pair can be escaped, but it is no character
            json.dumps(pairs, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    record = dict(pairs)
    if len(record) < len(pairs):
        repeated = reprlib.repr(_repeated(name for name, _ in pairs))
        raise _unusable(path, f"has column {repeated} more than once in a row", "name each column once")
    return record


def _json_cells(feed: Feed, records: list[dict[str, Any]]) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    cells, mistyped = [], {}
    for column in feed.columns:
        values = [record.get(column.name) for record in records]
        wrong = [not _fits(value, column.kind) for value in values]
        texts = [value if isinstance(value, str) else _json_text(value) for value in values]
        cells.append(pl.Series(column.name, texts, pl.String))
        if any(wrong):
            mistyped[column.name] = pl.Series(wrong, dtype=pl.Boolean)
    return pl.DataFrame(cells), mistyped


def _fits(value: Any, kind: Kind) -> bool:
    """Whether a JSON value may be read as text of that kind; a number counts as its text, but a fraction is no id."""
    if value is None or type(value) is str:
        return True
    if isinstance(value, bool):
        return kind is Kind.BOOLEAN
    return isinstance(value, _Fraction) and kind is not Kind.TEXT


def _json_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None
