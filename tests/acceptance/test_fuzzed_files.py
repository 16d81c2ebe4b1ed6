"""A thousand files spoiled in their bytes: each is read as a second reader reads it, or refused in one line."""

from __future__ import annotations

import gzip
import random
from dataclasses import replace

import pytest
from fuzz_contract import FEED_CELLS, MISSHAPEN, read_row, versions_that_hold
from fuzz_formats import FORMATS, RefusedFileError, decoded, encoded
from fuzz_mutations import DAY, Row, good_row
from test_fuzzed_rows import assert_quarantine, rows_of, rows_of_values

from data_contracts.feeds import FEEDS

FILES = 12  # times 17 feeds and 5 formats: 1,020 files
ROWS = 12
SCRAPS = (
    *(b'"', b'""', b",", b",,,", b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\n", b'\n"', b'",', b"\x00", b"\x1a", b"{", b"}", b"[]"),
    *(b"\xef\xbb\xbf", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xa8", b"\xc2\x85", b"\xff\xfe"),
    *(b"\\", b"1e400", b"NaN", b"\\ud800", b"\\ud83d\\ude00", b"\\u0000", b'"order_id":"1",', b"null", b"9" * 400, b"[" * 5_000),
    b"x" * 70_000,
)  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("feed", FEED_CELLS)
def test_spoiled_files(world, monkeypatch, feed, name):
    monkeypatch.setitem(FEEDS, feed, replace(FEEDS[feed], refused_above_share_bps=10_000))
    chance = random.Random(f"files of {feed} in {name}")
    for number in range(FILES):
        content = spoiled(name, feed, chance)
        place = world.settings.home.parent / str(number)
        fresh = type(world)(replace(world.settings, home=place / "home", landing=place / "landing"))
        path = fresh.put(feed, name, content)
        record = fresh.accept(feed)
        if record.state == "REFUSED":
            assert record.reason.startswith(f"{record.name} is refused: "), path
            assert record.reason.isprintable() and len(record.reason) < 700, path
        if not name.endswith(".parquet"):
            assert_same(fresh, feed, name, content, record)


def spoiled(name: str, feed: str, chance: random.Random) -> bytes:
    """A file of mostly good rows, with its bytes spoiled before or after it was compressed."""
    rows = [Row(good_row(feed, number, chance)) for number in range(ROWS)]
    content, _ = encoded(name, feed, rows, chance)
    if not name.endswith(".gz"):
        return _spoiled_bytes(content, chance)
    if chance.random() < 0.6:
        plain = _spoiled_bytes(gzip.decompress(content), chance)
        at = chance.randrange(len(plain) + 1)  # two members, which together are the file
        return gzip.compress(plain[:at]) + gzip.compress(plain[at:]) + chance.choice((b"", b"", b"\0" * 9, b"garbage"))
    return _spoiled_bytes(content, chance)


def _spoiled_bytes(content: bytes, chance: random.Random) -> bytes:
    at, length = chance.randrange(len(content)), chance.choice((1, 3, 40, 400))
    ways = (
        lambda: content[:at],
        lambda: content[at:],
        lambda: content[:at] + content[at + length :],
        lambda: content[:at] + content[at : at + length] + content[at:],
        lambda: content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :],
        lambda: content[:at] + chance.randbytes(length) + content[at + length :],
        lambda: content[:at] + chance.choice(SCRAPS) + content[at:],
        lambda: content[:at] + chance.choice(SCRAPS) + content[at:],
        lambda: content[:at] + chance.choice(SCRAPS) + content[at + 1 :],
        lambda: content + chance.choice(SCRAPS),
        lambda: chance.choice(SCRAPS) + content,
        lambda: content + content,
        lambda: content.replace(b"\n", chance.choice((b"\r", b"\r\n", b"\n\n", b"\n\r"))),
        lambda: content.replace(*chance.choice(((b",", b";"), (b'"', b"'"), (b'"', b""), (b"_", b"-")))),
        lambda: content.decode("latin-1").encode(chance.choice(("utf-16", "utf-8", "utf-32", "utf-7"))),
    )
    content = chance.choice(ways)()
    return _spoiled_bytes(content, chance) if content and chance.random() < 0.3 else content


def assert_same(world, feed: str, name: str, content: bytes, record) -> None:
    """The record, the quarantine and the accepted rows are those that the second reader finds."""
    try:
        rows = list(decoded(name, feed, content))
    except RefusedFileError:
        assert (record.state, record.delivered) == ("REFUSED", 0)
        return
    reads = [MISSHAPEN if cells is None else read_row(feed, cells, DAY) for _, cells in rows]
    broken = sum(bool(read.broken) for read in reads)
    assert (record.delivered, record.quarantined) == (len(rows), broken), record.reason
    assert_quarantine(
        world, feed, [(name, n, raw, read) for n, ((raw, _), read) in enumerate(zip(rows, reads, strict=True), 1)]
    )
    holding, repeats = versions_that_hold(feed, [read.values for read in reads if not read.broken])
    assert (record.accepted, record.repeats) == (len(holding), repeats)
    assert record.state == ("REFUSED" if broken == len(rows) >= 3 else "ACCEPTED"), record.reason
    if record.state == "ACCEPTED":
        assert rows_of(world.accepted(feed)) == rows_of_values(holding)
