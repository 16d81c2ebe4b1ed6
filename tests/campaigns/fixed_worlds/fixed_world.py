"""A small world that stands still, a file beside this one: what landed on which day.

    time_zone   of the business, UTC where it is not named
    programs    the terms of shipped programs, all of which are deployed, that are others here
    happened    by day: the sentences of ``scenarios.notation``
    rows        by day and feed: rows of text by column, where no sentence says them; what is not named has a plain value
    refused     by day and feed: the ``rows`` that came first and were refused; they are ``waived`` for a reason, or else
                ``replaced`` by what happened that day
    sample      what the command `incentives sample` is asked for, in place of all that

Belongs here: reading a world, landing it and mending what was refused. Does not belong here: how it is taken through
(``campaigns.worlds``).
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import yaml
from compiled.records import record
from deployment import SHIPPED_PROGRAMS, Deployment
from landed_files import Row, any_files, one_file
from scenarios.notation import EMPTY, Notation
from scenarios.scenario import lines_of

from data_contracts.columns import Column, Kind
from data_contracts.feeds import FEEDS, Feed

HERE = Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in HERE.glob("*.yaml")))
SECTIONS = {"time_zone", "programs", "happened", "rows", "refused", "sample"}
NAMELESS = "-"
"""What a required text says that nobody cares about."""

Place = tuple[date, str]  # landed_on and feed


@dataclass(frozen=True)
class Delivery:
    """The files of one delivery as they usually come, and the rows that they hold."""

    files: Mapping[str, bytes]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Refused:
    """What came first and was refused; ``waived`` is the reason for which it counts as empty, None where it is replaced."""

    delivery: Delivery
    waived: str | None


@dataclass(frozen=True)
class FixedWorld:
    """All deliveries, those that came first where they were refused, and the terms of each program that are others."""

    name: str
    time_zone: str
    programs: Mapping[str, Mapping[str, Any]]
    deliveries: Mapping[Place, Delivery]
    refused: Mapping[Place, Refused]

    @property
    def days(self) -> list[date]:
        """The days on which something lands, without gaps."""
        first, last = min(self.deliveries)[0], max(self.deliveries)[0]
        return [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]

    def land(self, deployment: Deployment, chance: random.Random | None = None) -> None:
        """Delivers everything as it came first, and deploys all programs; with ``chance`` in any other files."""
        deployment.folder.mkdir(parents=True)
        deployment.programs.mkdir()
        for shipped in SHIPPED_PROGRAMS.glob("*.yaml"):
            program = yaml.safe_load(shipped.read_text(encoding="utf-8"))
            for term, value in self.programs.get(shipped.stem, {}).items():
                (program if term in program else program["versions"][0])[term] = value
            (deployment.programs / shipped.name).write_text(yaml.safe_dump(program), encoding="utf-8")
        for place in self.deliveries.keys() | self.refused.keys():
            first = self.refused[place].delivery if place in self.refused else self.deliveries[place]
            put(deployment, place, first, chance)

    def mend(self, deployment: Deployment, place: Place, chance: random.Random | None = None) -> None:
        """Waives or replaces a delivery that was refused."""
        day, feed = place
        reason = self.refused[place].waived
        if reason is None:
            put(deployment, place, self.deliveries[place], chance)
            return
        outcome = deployment.incentives("waive", feed, str(day), "--reason", reason, "--by", "Kim")
        assert outcome.code == 0, outcome


def put(deployment: Deployment, place: Place, delivery: Delivery, chance: random.Random | None) -> None:
    """Delivers files in place of those that may be there."""
    day, feed = place
    folder = deployment.landing / feed / f"landed_on={day}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = delivery.files
    if chance is not None:
        files = {name: file.content for name, file in any_files(FEEDS[feed], delivery.rows, chance).items()}
    for name, content in files.items():
        (folder / name).write_bytes(content)


def fixed_world(name: str) -> FixedWorld:
    """The world of that name; ValueError where its file says what no section is for."""
    content = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    if unknown := content.keys() - SECTIONS:
        raise ValueError(f"{name}: unknown {unknown}")
    time_zone = content.get("time_zone", "UTC")
    rows = _said(content.get("happened", {}), ZoneInfo(time_zone))
    for place, more in _named(content.get("rows", {})):
        rows.setdefault(place, []).extend(_filled(place, row) for row in more)
    refused = {
        place: Refused(_delivery(place, [_filled(place, row) for row in first["rows"]]), first.get("waived"))
        for place, first in _named(content.get("refused", {}))
    }
    deliveries = {place: _delivery(place, held) for place, held in rows.items()}
    for place, first in refused.items():
        if (first.waived is None) != (place in deliveries):
            raise ValueError(f"{name}: what was refused on {place} is either replaced by what happened, or waived")
    if "sample" in content:
        deliveries = _sample(content["sample"])
    return FixedWorld(name, time_zone, content.get("programs", {}), deliveries, refused)


def _said(happened: Mapping[date, str], time_zone: ZoneInfo) -> dict[Place, list[Row]]:
    """The rows of sentences by day and feed."""
    rows: dict[Place, list[Row]] = {}
    for day, text in happened.items():
        notation = Notation(day, time_zone)
        for sentence in lines_of(text):
            if empty := EMPTY.fullmatch(sentence):
                rows.setdefault((day, empty["feed"]), [])
                continue
            for said in notation.records(sentence):
                rows.setdefault((day, said.feed), []).append(_texts(FEEDS[said.feed], said.values))
    return rows


def _named(days: Mapping[date, Mapping[str, Any]]) -> Iterator[tuple[Place, Any]]:
    return (((day, feed), content) for day, feeds in days.items() for feed, content in feeds.items())


def _filled(place: Place, given: dict[str, str]) -> Row:
    """A row with a plain value in every column that is not given."""
    day, feed = place
    row = _texts(FEEDS[feed], record(feed, day).values, given)
    if unknown := given.keys() - row.keys():
        raise ValueError(f"{feed} has no column {', '.join(sorted(unknown))}")
    return row


def _texts(
    feed: Feed, values: Mapping[str, Any], given: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str | None]:
    """A row as it is delivered; what names no order names that of its line, which is called after it."""
    row = {column.name: _text(column, values[column.accepted_name]) for column in feed.columns} | dict(given)
    if row.get("order_id") == NAMELESS:
        row["order_id"] = str(row["order_line_id"]).split("/")[0]
    return row


def _text(column: Column, value: Any) -> str | None:
    if value is None:
        return None
    if column.kind is Kind.MONEY:
        return f"{value // 100}.{value % 100:02d}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) or NAMELESS


def _delivery(place: Place, rows: list[Row]) -> Delivery:
    return Delivery({"delivery.csv": one_file(FEEDS[place[1]], rows).content}, tuple(rows))


def _sample(asked: Mapping[str, Any]) -> dict[Place, Delivery]:
    """The files of a sample, and their rows as text."""
    options = [text for name, value in asked.items() for text in (f"--{name}", str(value))]
    with TemporaryDirectory() as folder:
        deployment = Deployment(Path(folder))
        outcome = deployment.incentives("sample", "--out", str(deployment.landing), *options)
        assert outcome.code == 0, outcome
        deliveries = {}
        for place in sorted(deployment.landing.glob("*/landed_on=*")):
            feed, files = place.parent.name, sorted(place.iterdir())
            rows = [row for path in files for row in _rows_of(path, FEEDS[feed])]
            held = {path.name: path.read_bytes() for path in files}
            deliveries[date.fromisoformat(place.name.removeprefix("landed_on=")), feed] = Delivery(held, tuple(rows))
    return deliveries


def _rows_of(path: Path, feed: Feed) -> list[Row]:
    """The rows of a sound file as text."""
    names = [column.name for column in feed.columns]
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
    elif path.suffix == ".jsonl":
        frame = pl.read_ndjson(path, schema=dict.fromkeys(names, pl.String))
    else:
        frame = pl.read_csv(path, infer_schema=False)
    moments = pl.col(pl.Datetime("us", "UTC")).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    frame = frame.with_columns(moments).select(pl.all().cast(pl.String))
    absent = [pl.lit(None, pl.String).alias(name) for name in names if name not in frame.columns]
    return list(frame.with_columns(absent).select(names).iter_rows(named=True))
