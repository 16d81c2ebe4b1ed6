"""The accepted rows of a home, as files: that they are those which acceptance wrote, each once.

Does not belong here: writing them (``acceptance``, ``delivery_parts``), or what the rows say.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Final

from data_contracts.feeds import FEEDS, Feed
from orchestration.deliveries import State, feed_records
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


def check_rows_kept(settings: Settings, done: date, rehash: bool = False) -> None:
    """RefusedError naming the file where accepted rows are not those of the records, as when a part of the home is put back alone.

    Payees and facts are read from these rows each time: others would count as if they had been delivered. ``rehash`` compares
    every hash (an audit), otherwise only of files whose size or time differ. Of days after ``done``, the last processed one, and
    of feeds that stop no day, rows without a record are what a killed acceptance left, which the next one clears.
    """
    for feed in FEEDS.values():
        _check_feed(settings.accepted / feed.name, settings, feed, done, rehash)


def _check_feed(parent: Path, settings: Settings, feed: Feed, done: date, rehash: bool) -> None:
    unknown = _files_by_folder(parent)
    unknown.pop(rows_folder(parent, EMPTY_DAY), None)
    for record in feed_records(settings, feed.name):
        folder = rows_folder(parent, record.landed_on)
        if record.state is not State.ACCEPTED:
            continue
        present = unknown.pop(folder, [])
        if present and not record.parts:
            continue  # of a version that kept no fingerprints
        if change := first_change(record.parts, present, rehash):
            raise RefusedError(f"{folder / change[0]} {_CURES[change[1]]}")
        if not present:
            raise RefusedError(f"{folder} {_CURES[Change.GONE]}")
    for folder in sorted(unknown):
        day = _day_of(folder)
        if day is None or (day <= done and feed.stops_day):
            raise RefusedError(
                f"{folder} holds rows that no record of a delivery speaks for: put its record back, or move it away"
            )


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
