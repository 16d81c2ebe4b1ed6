"""A delivery: the folder of a feed and day in landing, and the record of what became of it (LANDING, Deliveries).

Belongs here: finding delivery folders, the record (one JSON file, whose writing commits an acceptance), closed days
and waiving. Does not belong here: reading, checking and accepting rows (``readers``, ``acceptance``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from data_contracts.feeds import FEEDS, Feed
from orchestration.errors import RefusedError, SettingsError
from orchestration.files import write_text
from orchestration.settings import Settings

MANIFEST = "_manifest.json"
_DAY_FOLDER = re.compile(r"landed_on=([0-9]{4}-[0-9]{2}-[0-9]{2})")


class State(StrEnum):
    """What became of a delivery; of a refused one nothing is used, a waived one counts as empty."""

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    WAIVED = "WAIVED"


@dataclass(frozen=True)
class DeliveredFile:
    """A file of a delivery as it was read; ``sha256`` is hexadecimal."""

    name: str
    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True)
class DeliveryRecord:
    """What became of one delivery; all counts are rows.

    delivered = good + quarantined + repeats and good = accepted + overtaken, in every state. A refused delivery keeps
    the counts of what was found (all 0 where its files could not be read to their end); a waived one counts as empty.
    ``reason`` is why it was refused; ``waived_because`` and ``waived_by`` are the person's.
    """

    feed: str
    landed_on: date
    state: State
    delivered: int = 0
    good: int = 0
    accepted: int = 0
    overtaken: int = 0
    quarantined: int = 0
    repeats: int = 0
    unknown_columns: tuple[str, ...] = ()
    files: tuple[DeliveredFile, ...] = ()
    reason: str | None = None
    waived_because: str | None = None
    waived_by: str | None = None

    @property
    def name(self) -> str:
        """How messages name the delivery."""
        return delivery_name(self.feed, self.landed_on)


@dataclass(frozen=True)
class Found:
    """What stands in landing: deliveries by (landed_on, feed), and remarks on what is no delivery and is ignored."""

    deliveries: tuple[tuple[date, Feed], ...]
    ignored: tuple[str, ...]


def delivery_name(feed: str, landed_on: date) -> str:
    """How messages name a delivery: its folder below landing."""
    return f"{feed}/landed_on={landed_on.isoformat()}"


def delivery_folder(settings: Settings, feed: str, landed_on: date) -> Path:
    """Where the delivery of a feed and day is put."""
    return settings.landing / delivery_name(feed, landed_on)


def delivery_files(folder: Path) -> list[Path]:
    """The data files of a delivery by name; those that start with ``_`` or ``.`` are none. Empty where no folder is."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not _is_hidden(path))


def find_deliveries(settings: Settings) -> Found:
    """The deliveries in landing in order of day and feed, and what was ignored there; a missing landing is empty."""
    deliveries: list[tuple[date, Feed]] = []
    ignored: list[str] = []
    for feed_folder in _folders(settings.landing):
        feed = FEEDS.get(feed_folder.name)
        if feed is None:
            ignored.append(f"{feed_folder.name} is no feed and is ignored: name the folder after one")
            continue
        for folder in sorted(path for path in feed_folder.iterdir() if not _is_hidden(path)):
            landed_on = _day_of(folder)
            if landed_on is None:
                place = f"{feed.name}/{folder.name}"
                ignored.append(f"{place} has no valid date and is ignored: name the folder landed_on=YYYY-MM-DD")
            elif delivery_files(folder) or (folder / MANIFEST).exists():
                deliveries.append((landed_on, feed))
    deliveries.sort(key=lambda found: (found[0], found[1].name))
    return Found(tuple(deliveries), tuple(ignored))


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(("_", "."))


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(path for path in parent.iterdir() if path.is_dir() and not _is_hidden(path))


def _day_of(folder: Path) -> date | None:
    match = _DAY_FOLDER.fullmatch(folder.name)
    if match is None or not folder.is_dir():
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        return None


# Records


def read_record(settings: Settings, feed: str, landed_on: date) -> DeliveryRecord | None:
    """The record of a delivery; None where it was never taken in."""
    path = _record_path(settings, feed, landed_on)
    try:
        return _parse(path)
    except FileNotFoundError:
        return None


def read_records(settings: Settings) -> Iterator[DeliveryRecord]:
    """Every record, by feed and day."""
    for feed in FEEDS:
        yield from feed_records(settings, feed)


def feed_records(settings: Settings, feed: str) -> Iterator[DeliveryRecord]:
    """Every record of a feed, by day."""
    for path in sorted((settings.deliveries / feed).glob("????-??-??.json")):
        yield _parse(path)


def write_record(settings: Settings, record: DeliveryRecord) -> None:
    """Writes a record in one step: this commits the acceptance, or refusal, of its delivery."""
    path = _record_path(settings, record.feed, record.landed_on)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = asdict(record) | {"landed_on": record.landed_on.isoformat()}
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _record_path(settings: Settings, feed: str, landed_on: date) -> Path:
    return settings.deliveries / feed / f"{landed_on.isoformat()}.json"


def _parse(path: Path) -> DeliveryRecord:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["landed_on"] = date.fromisoformat(content["landed_on"])
        content["state"] = State(content["state"])
        content["unknown_columns"] = tuple(content["unknown_columns"])
        content["files"] = tuple(DeliveredFile(**file) for file in content["files"])
        return DeliveryRecord(**content)
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} is no delivery record ({error}): restore it from a backup") from error


# Bytes


def fingerprint(folder: Path) -> tuple[DeliveredFile, ...]:
    """The files of a delivery, its manifest included, with the hash of their bytes, by name."""
    return tuple(_fingerprint(path) for path in _bytes_of(folder))


def unchanged(folder: Path, files: tuple[DeliveredFile, ...]) -> bool:
    """Whether the folder still holds just these files, by size and modification time."""
    now = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in _bytes_of(folder)]
    return now == [(file.name, file.size, file.mtime_ns) for file in files]


def _bytes_of(folder: Path) -> list[Path]:
    manifest = folder / MANIFEST
    return sorted([path for path in delivery_files(folder) if path.is_file()] + [manifest] * manifest.is_file())


def _fingerprint(path: Path) -> DeliveredFile:
    status = path.stat()
    return DeliveredFile(path.name, status.st_size, status.st_mtime_ns, _sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_closed(settings: Settings, record: DeliveryRecord, rehash: bool = False) -> None:
    """RefusedError, naming the file, where the bytes of a closed delivery are not those that were taken in.

    Sizes and modification times are compared, and hashes where these differ; ``rehash`` compares every hash (an audit).
    """
    folder = delivery_folder(settings, record.feed, record.landed_on)
    known = {file.name: file for file in record.files}
    present = {path.name: path for path in _bytes_of(folder)}
    for name in sorted(known.keys() | present.keys()):
        if name not in known:
            cure = "put it into the current day's folder"
            raise RefusedError(f"{record.name}/{name} came after its day was closed: {cure}")
        if name not in present:
            raise RefusedError(f"{record.name}/{name} is gone, but its day is closed: put it back as it was")
        status, file = present[name].stat(), known[name]
        if not rehash and (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns):
            continue
        if status.st_size != file.size or _sha256(present[name]) != file.sha256:
            cure = "put it back as it was, and deliver corrections in the current day's folder"
            raise RefusedError(f"{record.name}/{name} changed, but its day is closed: {cure}")


def check_all_closed(settings: Settings, rehash: bool = False, through: date = date.max) -> int:
    """Looks at every closed delivery up to a day as ``check_closed`` does; how many there are."""
    checked = 0
    for feed in FEEDS.values():
        records = list(feed_records(settings, feed.name))
        latest = max((record.landed_on for record in records if record.state is State.ACCEPTED), default=None)
        for record in records:
            if record.landed_on <= through and is_closed(record, latest):
                check_closed(settings, record, rehash)
                checked += 1
    return checked


def latest_accepted(settings: Settings, feed: str) -> date | None:
    """The last day on which a delivery of the feed was accepted."""
    days = [record.landed_on for record in feed_records(settings, feed) if record.state is State.ACCEPTED]
    return max(days, default=None)


def is_closed(record: DeliveryRecord, latest_accepted: date | None) -> bool:
    """Whether a delivery may no longer be replaced: it was accepted or waived.

    A refused one may be, but for one of a feed that stops no day, whose next delivery has been accepted.
    """
    if record.state is not State.REFUSED:
        return True
    passed = latest_accepted is not None and record.landed_on < latest_accepted
    return passed and not FEEDS[record.feed].stops_day


# Waiving


def waive(settings: Settings, feed: Feed, landed_on: date, reason: str, by: str) -> DeliveryRecord:
    """Counts a refused delivery as empty from now on, and closes it; its quarantined rows stay to be looked at.

    RefusedError where it is not refused, or where its files have changed since: then it is to be taken in anew.
    """
    if not reason.strip():
        raise SettingsError("a delivery is waived for a reason: give it with --reason")
    record = read_record(settings, feed.name, landed_on)
    if record is None or record.state is not State.REFUSED:
        state = "was never taken in" if record is None else f"is {record.state}"
        raise RefusedError(f"{delivery_name(feed.name, landed_on)} {state}: only a refused delivery can be waived")
    if not unchanged(delivery_folder(settings, feed.name, landed_on), record.files):
        raise RefusedError(f"{record.name} has changed since it was refused: run again, or waive what is there then")
    waived = replace(
        record,
        state=State.WAIVED,
        delivered=0,
        good=0,
        accepted=0,
        overtaken=0,
        quarantined=0,
        repeats=0,
        waived_because=reason.strip(),
        waived_by=by,
    )
    write_record(settings, waived)
    return waived
