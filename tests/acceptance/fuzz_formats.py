"""Rows as files: CSV, JSON Lines and Parquet of text, each with the raw text of its rows; and text files read back.

The reading is a state machine of its own for RFC 4180 and a plain JSON decoder, and shares nothing with
``orchestration.readers``. Belongs here: bytes of files. Does not belong here: what cells come to (``fuzz_contract``).
"""

from __future__ import annotations

import gzip
import json
import random
import re
import zlib
from collections.abc import Iterator
from io import BytesIO

import polars as pl
from fuzz_contract import FEED_CELLS, WHITE_SPACE, Json
from fuzz_mutations import Row

FORMATS = ("a.csv", "b.csv.gz", "c.jsonl", "d.jsonl.gz", "e.parquet")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_QUOTED = re.compile(r'"(?:[^"]|"")*+"')
_BARE = re.compile(r"[^,\r\n]*")
_LINE_END = re.compile(r"\r*\n|\r*\Z")
_TOKENS = ("true", "false", "{}", "[]", "[[1]]", '{"a": 1}', "1e400", "-1E-5", "1.0", "0.10", "-0", "null", "9" * 400)


def encoded(name: str, feed: str, rows: list[Row], chance: random.Random) -> tuple[bytes, list[str | None]]:
    """A file of these rows, and the raw text of each (None in Parquet, which has none); JSON changes cells to tokens."""
    if name.endswith(".parquet"):
        return _parquet(feed, rows), [None] * len(rows)
    if ".csv" in name:
        end = chance.choice(("\n", "\r\n"))
        texts = [_csv_record([cell.name for cell in FEED_CELLS[feed]], None, chance)]
        texts += [_csv_record([row.cells[cell.name] for cell in FEED_CELLS[feed]], row.shape, chance) for row in rows]
        content = (chance.choice(("", "\ufeff")) + "".join(text + end for text in texts)).encode()
        texts = texts[1:]
    else:
        texts = [_json_line(row, chance) for row in rows]
        content = "\n".join(texts).encode()
    return (gzip.compress(content, 1) if name.endswith(".gz") else content), list(texts)


def _csv_record(cells: list[str | None], shape: str | None, chance: random.Random) -> str:
    texts = [_csv_cell(cell or "", chance) for cell in cells]
    if shape == "few":
        texts.pop()
    elif shape == "more":
        texts.append("")
    elif shape == "blank":
        return ""
    elif shape == "quote":
        texts[chance.randrange(len(texts))] = '"a"b'
    elif shape == "return":
        texts[0] = "a\rb"
    return ",".join(texts)


def _csv_cell(text: str, chance: random.Random) -> str:
    if text.startswith('"') or any(letter in text for letter in ",\r\n") or chance.random() < 0.2:
        return '"' + text.replace('"', '""') + '"'
    return text


def _json_line(row: Row, chance: random.Random) -> str:
    if row.shape:
        whole = json.dumps(row.cells)
        return {
            "few": whole[:-1],
            "more": whole + chance.choice(("{}", ",", "\r" + whole)),
            "blank": chance.choice(("", " ", "[]", "null", '"a"', "1", "\ufeff{}", "[" * 100_000, '{"a":' * 100_000)),
            "quote": whole.replace('"', "'"),
            "return": whole[:-1]
            + chance.choice((', "x": NaN}', ', "x": -Infinity}', ', "x": "\\ud800"}', ', "x": "\t"}', ",}")),
        }[row.shape]
    members = []
    for name, text in row.cells.items():
        if chance.random() < 0.01:
            text = row.cells[name] = Json(chance.choice(_TOKENS))
        elif text is not None and _NUMBER.fullmatch(text) and chance.random() < 0.5:
            text = row.cells[name] = Json(text)
        if text is None and chance.random() < 0.5:
            continue
        written = text if isinstance(text, Json) else json.dumps(text, ensure_ascii=chance.random() < 0.5)
        members.append(f'"{name}":{written}')
    chance.shuffle(members)
    return "{" + ", ".join(members) + "}"


def _parquet(feed: str, rows: list[Row]) -> bytes:
    stream = BytesIO()
    columns = {cell.name: [row.cells[cell.name] for row in rows] for cell in FEED_CELLS[feed]}
    pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).write_parquet(stream)
    return stream.getvalue()


class RefusedFileError(Exception):
    """The file is one that refuses its delivery."""


def decoded(name: str, feed: str, content: bytes) -> Iterator[tuple[str, dict[str, str | None] | None]]:
    """Each row of a text file: its raw text, and its cells by column or None where it is no record; RefusedFileError as LANDING."""
    try:
        text = (_unzipped(content) if name.endswith(".gz") else content).decode().removeprefix("\ufeff")
    except (UnicodeDecodeError, zlib.error) as error:
        raise RefusedFileError from error
    return _csv_rows(feed, text) if ".csv" in name else _json_rows(feed, text)


def _unzipped(content: bytes) -> bytes:
    """All members of a gzip file; zeros may follow the last, and the reserved flags of a member say nothing."""
    parts = []
    while content:
        member = zlib.decompressobj(wbits=31)
        content = content[:3] + bytes(flags & 31 for flags in content[3:4]) + content[4:]
        parts.append(member.decompress(content))
        if not member.eof:
            raise RefusedFileError
        content = member.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _csv_rows(feed: str, text: str) -> Iterator[tuple[str, dict[str, str | None] | None]]:
    records = _csv_records(text)
    header, first = next(records, (None, None))
    if first is None:
        return
    names = [name.strip(WHITE_SPACE) for name in header or []]
    needed = {cell.name for cell in FEED_CELLS[feed] if not cell.optional}
    if len(set(names)) < len(names) or not needed <= set(names):
        raise RefusedFileError
    for fields, raw in records:
        yield raw, dict(zip(names, fields, strict=True)) if fields is not None and len(fields) == len(names) else None


def _csv_records(text: str) -> Iterator[tuple[list[str] | None, str]]:
    """The fields of each record (None where it breaks RFC 4180, which spoils it up to the end of its line) and its text.

    More lenient than RFC 4180 in one point: a quote inside a field that does not start with one is a character.
    """
    at = 0
    while at < len(text):
        start, fields = at, []
        while True:
            if text.startswith('"', at):
                found = _QUOTED.match(text, at)
                if found is None:
                    raise RefusedFileError
                fields.append(found[0][1:-1].replace('""', '"'))
            else:
                found = _BARE.match(text, at)
                fields.append(found[0])
            at = found.end()
            if not text.startswith(",", at):
                break
            at += 1
        ending = _LINE_END.match(text, at)
        if ending is None:
            line_feed = text.find("\n", at)
            at = len(text) if line_feed < 0 else line_feed + 1
        else:
            at = ending.end()
        yield (None if ending is None else fields), text[start:at].rstrip("\r\n")


def _json_rows(feed: str, text: str) -> Iterator[tuple[str, dict[str, str | None] | None]]:
    lines = text.split("\n")
    rows = [(line.rstrip("\r"), _json_row(line)) for line in (lines[:-1] if lines[-1] == "" else lines)]
    records = [cells for _, cells in rows if cells is not None]
    needed = {cell.name for cell in FEED_CELLS[feed] if not cell.optional}
    if records and not needed <= {name for cells in records for name in cells}:
        raise RefusedFileError
    yield from rows


def _json_row(line: str) -> dict[str, str | None] | None:
    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        repeated.append(len(dict(pairs)) < len(pairs))
        return dict(pairs)

    def no_constant(text: str) -> None:
        raise ValueError(text)

    repeated: list[bool] = []
    try:
        row = json.loads(line, object_pairs_hook=members, parse_int=Json, parse_float=Json, parse_constant=no_constant)
        json.dumps(row, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    if repeated[-1]:  # the outermost is finished last
        raise RefusedFileError
    return {
        name: value if value is None or isinstance(value, str) else Json(json.dumps(value))
        for name, value in row.items()
    }
