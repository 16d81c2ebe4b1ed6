"""The same rows come to the same, whatever files they stand in: any order, any split, any names, any formats, any batches.

What must come of them says the second reading of LANDING (``fuzz_contract``). Does not belong here: what a cell comes to
(``test_fuzzed_rows``), and each of Parquet's own types (``test_formats_agree``).
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from fuzz_contract import FEED_CELLS, MISSHAPEN, Read, Value, read_row, versions_that_hold
from hypothesis import given
from hypothesis import strategies as st
from landed_files import NO_RECORD, File, Row, any_files, one_file
from properties.effort import tried_on
from test_fuzzed_rows import rows_of, rows_of_values

from data_contracts.feeds import FEEDS
from orchestration import acceptance, readers

DAYS = [date(2025, 10, day) for day in (1, 2, 3)]
NATIVE = {
    "text": pl.String(), "money": pl.Decimal(20, 2), "integer": pl.Int64(), "boolean": pl.Boolean(),
    "time": pl.Datetime("us", "UTC"), "date": pl.Date(),
}  # fmt: skip
Deliveries = dict[tuple[str, date], list[Row]]

# Two moments in several writings and a third a microsecond off; the last but one is in the future for all but the last day.
UPDATED_AT = [
    "2025-10-01T09:00:00Z", "2025-10-01 11:00+02:00", " 1759309200 ", "2025-10-01T09:00:00.000001Z",
    "2025-09-30T09:00:00Z", "2025-10-04T12:00:00Z", "2025-09-30T09:00:00.0000009Z",
]  # fmt: skip
AMOUNTS = ["10", "10.00", "10.000", "9", "0009.5", "9.50"]
POOLS: dict[str, dict[str, list[str | None]]] = {
    "order_lines": {
        "order_line_id": ["L1", "L1", " L2", "9007199254740993", "1"],
        "order_id": ["O1", "O1", "2"],
        "seller_id": ["S", "é", "z", "A,\n", 'B"'],
        "quantity": ["1", "1", "01"],
        "original_amount": AMOUNTS,
        "is_gift": ["0", "false", "False ", "true"],
        "updated_at": UPDATED_AT,
    },
    "attributions": {
        "order_line_id": ["L1", "L1", "L2"],
        "content_type": ["LIVE", "VIDEO"],
        "content_id": [None, None, "\t", "19"],
        "creator_id": [None, "C", "C "],
        "matched_by_partner_id": [None, None, "P"],
        "updated_at": UPDATED_AT,
    },
    "referral_events": {  # without updated_at: the text decides
        "event_id": ["E1", "E1", "E2"],
        "event_type": ["FLAG", "CLEAR"],
        "referee_id": ["M", "m"],
        "referrer_id": [None, "M"],
        "occurred_at": UPDATED_AT,
    },
    "program_lists": {  # a key of two columns
        "list_id": ["I", "J"],
        "subject_id": ["S", "s"],
        "removed_at": [None, *UPDATED_AT[:3]],
        "updated_at": UPDATED_AT[:5],
    },
    "assignments": {
        "assignment_id": ["X1", "X1", "X10"],
        "service": ["SHOP", "AFFILIATE"],
        "valid_to": [None, "2025-10-01", "2025-10-02"],
        "updated_at": UPDATED_AT[:5],
    },
}
BROKEN: dict[str, list[tuple[str, str | None]]] = {
    "order_lines": [
        ("order_line_id", " "), ("quantity", "0"), ("quantity", "1.5"), ("original_amount", "1.005"),
        ("seller_discount", "11"), ("is_gift", "so"), ("updated_at", "2025-10-01T09:00:00"), ("seller_id", None),
    ],
    "attributions": [("content_type", "live"), ("updated_at", "1e9")],
    "referral_events": [("event_type", "SIGNUP"), ("occurred_at", "2025-10-09T00:00:00Z")],
    "program_lists": [("subject_id", ""), ("added_at", "10")],
    "assignments": [("valid_to", "2025-09-30"), ("valid_from", "2025-02-30"), ("service", "CREATOR")],
}  # fmt: skip
PLAIN = {
    "text": "x", "money": "0", "integer": "1", "boolean": "0", "time": "2025-10-01T00:00:00Z", "date": "2025-10-01",
}  # fmt: skip


@st.composite
def rows(draw: st.DrawFn, feed: str, broken_of_ten: int) -> Row:
    """A row of few values, so that keys, moments and whole rows meet; now and then with a broken cell, or no record."""
    plain = {cell.name: (cell.listed[0] if cell.listed else PLAIN[cell.kind]) for cell in FEED_CELLS[feed]}
    row: dict[str, str | None] = plain | {cell.name: None for cell in FEED_CELLS[feed] if cell.optional}
    row |= {name: draw(st.sampled_from(texts)) for name, texts in POOLS[feed].items()}
    if draw(st.sampled_from(range(1, 11))) > 10 - broken_of_ten:
        broken = draw(st.sampled_from([*BROKEN[feed], None]))
        if broken is None:
            return None
        row[broken[0]] = broken[1]
    return row


@st.composite
def held_rows(draw: st.DrawFn, feed: str) -> list[Row]:
    """The rows of one delivery, some of them twice; some deliveries break so often that they are refused."""
    drawn = rows(feed, draw(st.sampled_from([0, 1, 2, 8])))
    held = [draw(drawn) for _ in range(draw(st.sampled_from([0, 1, 2, 4, 8, 12])))]
    return held + draw(st.lists(st.sampled_from(held), max_size=3)) if held else held


@st.composite
def worlds(draw: st.DrawFn) -> Deliveries:
    """The rows of some deliveries of some feeds; a day may well bring what an earlier one had."""
    places = st.tuples(st.sampled_from(list(POOLS)), st.sampled_from(DAYS))
    drawn = draw(st.lists(places, min_size=1, max_size=4, unique=True))
    return {(feed, day): draw(held_rows(feed)) for feed, day in drawn}


def in_own_types(feed: str, day: date, file: File) -> bytes:
    """The rows of a Parquet file of text as values of Parquet's own types."""
    values = [read_row(feed, row, day).values for row in file.rows if row is not None]
    kinds = {cell.name: cell.kind for cell in FEED_CELLS[feed]}
    series = [
        pl.Series(name, [_native(kinds[name], row[name]) for row in values], NATIVE[kinds[name]])
        for name in file.columns
    ]
    stream = io.BytesIO()
    pl.DataFrame(series).write_parquet(stream)
    return stream.getvalue()


def _native(kind: str, value: Value) -> object:
    if kind == "money" and isinstance(value, int):
        return Decimal(value).scaleb(-2)
    if kind == "time" and isinstance(value, int):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)
    return value


@dataclass(frozen=True)
class Taken:
    """What a delivery came to, but for where its rows stood: ``accepted`` in one order, None where it was refused."""

    state: str
    reason: str | None
    counts: dict[str, int]
    accepted: tuple[pl.Schema, list[tuple[Any, ...]]] | None
    quarantine: Counter[tuple[Any, ...]]


def delivered_plainly(world: Any, deliveries: Deliveries) -> dict[tuple[str, date], Taken]:
    """Each delivery one CSV file, taken in day by day."""
    files = {(feed, day): {"a.csv": one_file(FEEDS[feed], held)} for (feed, day), held in deliveries.items()}
    return taken_in(world, files, sorted(files, key=lambda place: place[::-1]))


def delivered_anyhow(world: Any, deliveries: Deliveries, chance: random.Random) -> dict[tuple[str, date], Taken]:
    """Each delivery as several files in any order, read and compared in batches of any size, taken in in any order."""
    files = {}
    for (feed, day), held in deliveries.items():
        files[feed, day] = any_files(FEEDS[feed], held, chance)
        for name, file in files[feed, day].items():
            # A broken row keeps no text in a type of its own.
            is_sound = name.endswith(".parquet") and not any(read_row(feed, row, day).broken for row in file.rows)
            if is_sound and chance.random() < 0.5:
                files[feed, day][name] = replace(file, content=in_own_types(feed, day, file))
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (acceptance, "_ROWS_COMPARED_AT_ONCE"), (readers, "BATCH_ROWS"), (readers, "TEXT_BATCH_ROWS"),
        ):  # fmt: skip
            patch.setattr(module, name, chance.choice((1, 2, 3, 1_000)))
        return taken_in(world, files, chance.sample(sorted(files), len(files)))


def taken_in(
    world: Any, files: dict[tuple[str, date], dict[str, File]], order: list[tuple[str, date]]
) -> dict[tuple[str, date], Taken]:
    """What acceptance makes of deliveries in a deployment of their own."""
    for (feed, day), content in files.items():
        for name, file in content.items():
            world.put(feed, name, file.content, day)
    return {(feed, day): _taken(world, feed, day, files[feed, day]) for feed, day in order}


def _taken(world: Any, feed: str, day: date, files: dict[str, File]) -> Taken:
    record = world.accept(feed, day)
    counts = {
        name: getattr(record, name) for name in ("delivered", "good", "accepted", "overtaken", "quarantined", "repeats")
    }
    accepted = None
    if record.state == "ACCEPTED":
        relation = world.accepted(feed, day)
        accepted = (relation.schema, relation.sort(pl.all()).rows())
    quarantine = Counter(
        (
            row["landed_on"],
            row["column"],
            row["rule"],
            row["all_rules"],
            row["record_id"],
            _said(row["raw"], files[row["file"]]),
        )
        for row in world.quarantined(feed, day).iter_rows(named=True)
    )
    return Taken(record.state, record.reason, counts, accepted, quarantine)


def _said(raw: str, file: File) -> frozenset[tuple[str, str]] | str:
    """What the raw text of a quarantined row says, which its format writes in its own way; nulls say nothing."""
    if raw == NO_RECORD:
        return raw
    if raw.startswith("{"):
        row = json.loads(raw, parse_int=str, parse_float=str)
        row = {name: str(value).lower() if isinstance(value, bool) else value for name, value in row.items()}
    else:
        row = dict(zip(file.columns, next(csv.reader(io.StringIO(raw, newline=""))), strict=True))
    return frozenset((name, text) for name, text in row.items() if text)


def in_a_place_of_its_own(world: Any, place: Path) -> Any:
    """A world like this one in another folder."""
    return type(world)(replace(world.settings, home=place / "home", landing=place / "landing"))


@tried_on(30)
@given(deliveries=worlds(), chance=st.randoms(use_true_random=False))
def test_rows_come_to_the_same_however_they_are_delivered(
    world: Any, tmp_path: Path, deliveries: Deliveries, chance: random.Random
) -> None:
    with TemporaryDirectory(dir=tmp_path) as folder:
        plain = delivered_plainly(in_a_place_of_its_own(world, Path(folder, "plainly")), deliveries)
        anyhow = delivered_anyhow(in_a_place_of_its_own(world, Path(folder, "anyhow")), deliveries, chance)
        for (feed, day), held in deliveries.items():
            assert anyhow[feed, day] == plain[feed, day], (feed, day)
            reads = [MISSHAPEN if row is None else read_row(feed, row, day) for row in held]
            assert_as_read(feed, plain[feed, day], reads)


def assert_as_read(feed: str, taken: Taken, reads: list[Read]) -> None:
    """A delivery came to what its rows come to one by one: equal versions count once, and of the others of a key one holds."""
    good = [read.values for read in reads if not read.broken]
    holding, repeats = versions_that_hold(feed, good)
    assert taken.counts == {
        "delivered": len(reads),
        "good": len(good) - repeats,
        "accepted": len(holding),
        "overtaken": len(good) - repeats - len(holding),
        "quarantined": len(reads) - len(good),
        "repeats": repeats,
    }
    broken = [read for read in reads if read.broken]
    assert taken.state == ("REFUSED" if len(broken) > 5 or len(broken) == len(reads) >= 3 else "ACCEPTED")
    assert Counter(row[3] for row in taken.quarantine.elements()) == Counter(";".join(read.broken) for read in broken)
    if taken.accepted is not None:
        schema, relation = taken.accepted
        assert rows_of(pl.DataFrame(relation, schema, orient="row")) == rows_of_values(holding)


def test_why_a_delivery_is_refused_does_not_depend_on_the_order_of_its_rows(world: Any) -> None:
    """Of rules that as many rows break, the first in the order of columns is named."""
    plain = {cell.name: cell.listed[0] if cell.listed else PLAIN[cell.kind] for cell in FEED_CELLS["order_lines"]}
    held: list[Row] = [plain | {name: "so"} for name in ("quantity", "is_gift") for _ in range(3)]
    for day, order in zip(DAYS, (held, held[::-1]), strict=False):
        world.put("order_lines", "a.csv", one_file(FEEDS["order_lines"], order).content, day)
        assert "3 of them quantity: type" in world.accept("order_lines", day).reason
