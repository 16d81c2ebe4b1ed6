"""Takes in hostile deliveries one after another and prints their reasons and the most memory ever held (MiB).

Run as a process of its own, so that the figure is of acceptance alone: ``python fuzz_memory.py <group> <folder>``. Belongs here:
bytes that are small on disk or hostile to a reader, and large once read. Does not belong here: what is asserted
(``test_hostile_files``).
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path

import polars as pl

from data_contracts.feeds import FEEDS
from orchestration.acceptance import accept_delivery
from orchestration.settings import Settings

DAY = date(2025, 10, 1)
MEGABYTE = 2**20
FEED = FEEDS["partner_ranks"]
ROW = {"partner_id": "P1", "snapshot_on": "2025-10-01", "rank_code": "GOLD", "updated_at": "2025-10-01T09:00:00Z"}


HEADER = ",".join(ROW).encode() + b"\n"
LINE = ",".join(ROW.values()).encode() + b"\n"


def bombs() -> Iterator[tuple[str, list[bytes]]]:
    """Gigabytes of nothing, and rows or quotes without an end: the name and the pieces of each file."""
    zeros = gzip.compress(b"\0" * (64 * MEGABYTE), 1)
    yield "a million columns.csv", [HEADER[:-1], *(b",c%d" % number for number in range(10**6)), b"\n"]
    yield "zeros.csv.gz", [zeros] * 48  # 3 GiB
    yield "zeros.jsonl.gz", [zeros] * 48
    yield "zeros after a header.csv.gz", [gzip.compress(HEADER), *[zeros] * 48]
    yield "open quote.csv", [HEADER, b'"', *[LINE * 10_000] * 50]
    yield "one line.jsonl", [b'{"partner_id": [', *[b"1," * 500_000] * 200, b"1]}"]  # 200 MB
    yield "one line of text.jsonl", [b'{"partner_id": "', *[b"x" * MEGABYTE] * 200, b'"}']


def longest_records() -> Iterator[tuple[str, list[bytes]]]:
    """Records about as long as they may be, of things that are large in memory."""
    for name, value in (("numbers", b"0,"), ("lists", b"[],"), ("objects", b"{},"), ("texts", b'"",')):
        yield f"longest {name}.jsonl", [b'{"partner_id": [', value * (15 * MEGABYTE // len(value)), b"0]}"]
    yield "deep.jsonl", [b"[" * (15 * MEGABYTE), b"\n", b"[" * (15 * MEGABYTE), b"\n", b"{}"]


def many_long_rows() -> Iterator[tuple[str, list[bytes]]]:
    """Rows that are long, or nothing, and many."""
    long = ROW | {"partner_id": "\U0001f600" * (2 * MEGABYTE), "rank_code": "NONE"}
    yield "long broken rows.jsonl", [json.dumps(long, ensure_ascii=False).encode() + b"\n"] * 40
    yield "long good rows.csv.gz", [gzip.compress(HEADER), *[gzip.compress(b"x" * (8 * MEGABYTE) + LINE, 1)] * 300]
    yield "blank lines.csv.gz", [gzip.compress(HEADER), gzip.compress(b"\n" * (MEGABYTE // 2), 1)]
    yield "commas.csv.gz", [gzip.compress(HEADER), gzip.compress((b"," * (8 * MEGABYTE) + b"\n") * 4, 1)]
    # one text of a megabyte that all rows share: a few kilobytes on disk
    rows = pl.DataFrame([{name: text for name, text in ROW.items() if name != "partner_id"}] * 100)
    stream = BytesIO()
    rows.with_columns(partner_id=pl.lit("x" * MEGABYTE)).write_parquet(stream)
    yield "one text.parquet", [stream.getvalue()]


GROUPS = {"bombs": bombs, "longest records": longest_records, "many long rows": many_long_rows}


def main(group: str, folder: Path) -> None:
    """Takes each in, in a landing of its own."""
    for number, (name, pieces) in enumerate(GROUPS[group]()):
        place = folder / str(number)
        day = place / "landing" / FEED.name / f"landed_on={DAY}"
        day.mkdir(parents=True)
        with (day / name).open("wb") as stream:
            stream.writelines(pieces)
        _take_in(name, place)


def _take_in(name: str, place: Path) -> None:
    settings = Settings(
        home=place / "home",
        landing=place / "landing",
        programs=place,
        ledger_url="sqlite://",
        time_zone="UTC",
        first_day=date(2016, 1, 1),
        serving_group=None,
        finance_group=None,
    )
    record = accept_delivery(settings, FEED, DAY)
    assert record is not None
    print(json.dumps([name, record.state, record.delivered, record.reason, _most_memory()]), flush=True)


def _most_memory() -> int:
    """MiB, since this process began; what getrusage says would include the process that started it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
