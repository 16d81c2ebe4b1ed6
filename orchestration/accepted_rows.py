"""The accepted rows of a home, as files: that they are those which acceptance wrote, each once.

Does not belong here: writing them (``acceptance``, ``delivery_parts``), or what the rows say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from data_contracts.feeds import FEEDS, Feed
from orchestration.deliveries import DeliveryRecord, State, feed_records
from orchestration.errors import RefusedError
from orchestration.fingerprints import Change, first_change
from orchestration.settings import Settings

EMPTY_DAY = date(1, 1, 1)
"""The day whose folder holds a feed's schema and no rows."""

_CURES: Final = {
    Change.ADDED: "is none that acceptance wrote, and would count: move it away",
    Change.GONE: "is gone, whose delivery was taken in: put it back from a back-up",
    Change.CHANGED: "is not as acceptance wrote it: put it back from a back-up",
}


def rows_folder(parent: Path, landed_on: date) -> Path:
    """Where the rows of a feed and day are, below the feed's folder ``parent``."""
    return parent / f"landed_on={landed_on.isoformat()}"


def check_rows_kept(settings: Settings, done: date, rehash: bool = False) -> int:
    """RefusedError naming the file where accepted rows are not those of the records, as when a part of the home is put back alone.

    Payees and facts are read from these rows each time: others would count as if they had been delivered. ``rehash`` compares
    every hash (an audit), otherwise only of files whose size or time differ. Of days after ``done``, the last processed one,
    a run takes in anew what is not as it was; rows of theirs without a record, and of feeds that stop no day, are what a killed
    acceptance left, which the next one clears. Returns how many deliveries have rows that are known by hash.
    """
    return sum(_check_feed(settings.accepted / feed.name, settings, feed, done, rehash) for feed in FEEDS.values())


def rows_are_kept(settings: Settings, record: DeliveryRecord) -> bool:
    """Whether the rows of one delivery are those that acceptance wrote; a refused or waived one has none to keep."""
    if record.state is not State.ACCEPTED:
        return True
    folder = rows_folder(settings.accepted / record.feed, record.landed_on)
    return _change(record, sorted(folder.glob("*.parquet"))) is None


def _check_feed(parent: Path, settings: Settings, feed: Feed, done: date, rehash: bool) -> int:
    unknown = _files_by_folder(parent)
    unknown.pop(rows_folder(parent, EMPTY_DAY), None)
    known = 0
    for record in feed_records(settings, feed.name):
        if record.state is not State.ACCEPTED:
            continue
        folder = rows_folder(parent, record.landed_on)
        change = _change(record, unknown.pop(folder, []), rehash)
        if change is not None and record.landed_on <= done:
            raise RefusedError(f"{folder / change[0]} {_CURES[change[1]]}")
        known += bool(record.parts)
    for folder in sorted(unknown):
        day = _day_of(folder)
        if day is None or (day <= done and feed.stops_day):
            raise RefusedError(
                f"{folder} holds rows that no record of a delivery speaks for: put its record back, or move it away"
            )
    return known


def _change(record: DeliveryRecord, present: Sequence[Path], rehash: bool = False) -> tuple[str, Change] | None:
    """Where the files of a delivery's rows are not those of its record; of an earlier version's record by their names alone."""
    if record.parts:
        return first_change(record.parts, present, rehash)
    names = {path.name for path in present}
    parts = {f"part-{number}.parquet" for number in range(max(1, len(names)))}
    strange, missing = sorted(names - parts), sorted(parts - names)
    if strange:
        return strange[0], Change.ADDED
    return (missing[0], Change.GONE) if missing else None


def _files_by_folder(parent: Path) -> defaultdict[Path, list[Path]]:
    """What the views read."""
    files: defaultdict[Path, list[Path]] = defaultdict(list)
    for path in parent.glob("*/*.parquet"):
        files[path.parent].append(path)
    return files


def _day_of(folder: Path) -> date | None:
    try:
        day = date.fromisoformat(folder.name.removeprefix("landed_on="))
    except ValueError:
        return None
    return day if folder.name == f"landed_on={day.isoformat()}" else None
