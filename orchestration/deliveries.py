"""A delivery: the folder of a feed and day in landing, and the record of what became of it (LANDING, Deliveries).

Belongs here: finding delivery folders, the record (one JSON file, whose writing commits an acceptance), closed days
and waiving. Does not belong here: reading, checking and accepting rows (``readers``, ``acceptance``).
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from data_contracts.feeds import FEEDS, Feed
from orchestration.errors import RefusedError, SettingsError
from orchestration.files import sync, write_text
from orchestration.fingerprints import Change, Fingerprint, fingerprint, first_change
from orchestration.settings import Settings

MANIFEST = "_manifest.json"
# Control characters, line ends and surrogates, as which Python reads the bytes of a name that are not UTF-8.
_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DAY_FOLDER = re.compile(r"landed_on=([0-9]{4}-[0-9]{2}-[0-9]{2})")


_LATE = "into the next unprocessed day's folder, under a name that is not taken there"
_CLOSED = {
    Change.ADDED: f"came after its day was closed: move it {_LATE}",
    Change.GONE: "is gone, but its day is closed: put it back as it was",
    Change.CHANGED: f"changed, but its day is closed: put it back as it was, and corrections {_LATE}",
}
_TOO_LATE = f"but its delivery counts as nothing by now: move what is there {_LATE}"
_COUNTS_AS_NOTHING = _CLOSED | {Change.GONE: f"is gone, {_TOO_LATE}", Change.CHANGED: f"changed, {_TOO_LATE}"}
_NO_FOLDER = "is no folder and is ignored: put files into <feed>/landed_on=YYYY-MM-DD"


class State(StrEnum):
    """What became of a delivery; of a refused one nothing is used, a waived one counts as empty."""

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    WAIVED = "WAIVED"


@dataclass(frozen=True)
class DeliveryRecord:
    """What became of one delivery; all counts are rows.

    delivered = good + quarantined + repeats and good = accepted + overtaken, in every state. A refused delivery keeps
    the counts of what was found (all 0 where its files could not be read to their end); a waived one counts as empty.
    ``files`` are its files as they were read, ``parts`` its accepted rows as they were written.
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
    files: tuple[Fingerprint, ...] = ()
    parts: tuple[Fingerprint, ...] = ()
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
    return _visible(folder)


def check_names(folder: Path) -> None:
    """RefusedError at the first name in a delivery's folder under which no file stands that may be read."""
    for path in _names_in(folder):
        fault = _fault_of(path)
        if fault is not None:
            raise RefusedError(f"{_shown(path.name)} {fault}")


def _names_in(folder: Path) -> list[Path]:
    """What would be read: data files and the manifest, if one, by name."""
    manifest = folder / MANIFEST
    there = manifest.is_symlink() or manifest.exists()
    return sorted([*delivery_files(folder), *([manifest] if there else [])])


def _fault_of(path: Path) -> str | None:
    """Why what stands under a name is not to be read, and the cure; None where it is a file.

    A link is followed within landing only: reading must show nobody what only this process may see.
    """
    if _NO_NAME.search(path.name):
        return "has a name that is no text: rename it"
    try:
        mode = path.stat().st_mode
    except OSError:
        return f"{'is a link that leads nowhere' if path.is_symlink() else 'is gone'}: deliver the file itself"
    if path.is_symlink() and not path.resolve().is_relative_to(path.parents[2].resolve()):
        return "is a link that leads out of landing: deliver the file itself"
    if stat.S_ISDIR(mode):
        return "is a folder: put its files directly into the delivery's folder"
    return None if stat.S_ISREG(mode) else "is no file, but a pipe, socket or device: deliver a file"


def _shown(name: str) -> str:
    """A name as messages may show it."""
    return repr(name) if _NO_NAME.search(name) else name


def find_deliveries(settings: Settings) -> Found:
    """The deliveries in landing in order of day and feed, and what was ignored there; a missing landing is empty."""
    deliveries: list[tuple[date, Feed]] = []
    ignored: list[str] = []
    for feed_folder in _visible(settings.landing):
        feed = FEEDS.get(feed_folder.name)
        if not feed_folder.is_dir():
            ignored.append(f"{_shown(feed_folder.name)} {_NO_FOLDER}")
            continue
        if feed is None:
            ignored.append(f"{_shown(feed_folder.name)} is no feed and is ignored: name the folder after one")
            continue
        for folder in _visible(feed_folder):
            place = f"{feed.name}/{_shown(folder.name)}"
            landed_on = _day_of(folder)
            if not folder.is_dir():
                ignored.append(f"{place} {_NO_FOLDER}")
            elif landed_on is None:
                ignored.append(f"{place} has no valid date and is ignored: name the folder landed_on=YYYY-MM-DD")
            elif delivery_files(folder) or (folder / MANIFEST).exists():
                deliveries.append((landed_on, feed))
    deliveries.sort(key=lambda found: (found[0], found[1].name))
    return Found(tuple(deliveries), tuple(ignored))


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(("_", "."))


def _visible(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(path for path in parent.iterdir() if not _is_hidden(path))


def _day_of(folder: Path) -> date | None:
    match = _DAY_FOLDER.fullmatch(folder.name)
    if match is None:
        return None
    try:
        day = date.fromisoformat(match[1])
    except ValueError:
        return None
    return day if day > date.min else None  # there must be a day before it, up to which all counts as processed


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


def forget_accepted(settings: Settings, feed: str, landed_on: date) -> None:
    """Removes the record of an accepted delivery before its rows are replaced: until they are, nothing speaks for them."""
    record = read_record(settings, feed, landed_on)
    if record is not None and record.state is State.ACCEPTED:
        path = _record_path(settings, feed, landed_on)
        path.unlink()
        sync(path.parent)


def _record_path(settings: Settings, feed: str, landed_on: date) -> Path:
    return settings.deliveries / feed / f"{landed_on.isoformat()}.json"


def _parse(path: Path) -> DeliveryRecord:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["landed_on"] = date.fromisoformat(content["landed_on"])
        content["state"] = State(content["state"])
        content["unknown_columns"] = tuple(content["unknown_columns"])
        content["files"] = tuple(Fingerprint(**file) for file in content["files"])
        # Records of before know no parts.
        content["parts"] = tuple(Fingerprint(**part) for part in content.get("parts", ()))
        return DeliveryRecord(**content)
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} is no delivery record ({error}): restore it from a backup") from error


# Bytes


def fingerprints(folder: Path) -> tuple[Fingerprint, ...]:
    """The files of a delivery, its manifest included, by name; OSError where one goes."""
    return tuple(fingerprint(path) for path in _bytes_of(folder))


def unchanged(folder: Path, files: tuple[Fingerprint, ...]) -> bool:
    """Whether the folder still holds just these files, by size and modification time."""
    now = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in _bytes_of(folder)]
    return now == [(file.name, file.size, file.mtime_ns) for file in files]


def _bytes_of(folder: Path) -> list[Path]:
    return [path for path in _names_in(folder) if _fault_of(path) is None]


def check_closed(settings: Settings, record: DeliveryRecord, rehash: bool = False) -> None:
    """RefusedError, naming the file, where the bytes of a closed delivery are not those that were taken in.

    Sizes and modification times are compared, and hashes where these differ; ``rehash`` compares every hash (an audit). Of one
    that was waived, or refused for good, the files may go: they count as nothing.
    """
    present = _bytes_of(delivery_folder(settings, record.feed, record.landed_on))
    counts = record.state is State.ACCEPTED
    if not counts and not present:
        return
    if change := first_change(record.files, present, rehash):
        raise RefusedError(f"{record.name}/{change[0]} {(_CLOSED if counts else _COUNTS_AS_NOTHING)[change[1]]}")


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

    RefusedError where it is not refused, or where its files have changed since: then it is to be taken in anew. Files
    that were all taken away may stay away.
    """
    if not reason.strip():
        raise SettingsError("a delivery is waived for a reason: give it with --reason")
    record = read_record(settings, feed.name, landed_on)
    if record is None or record.state is not State.REFUSED:
        state = "was never taken in" if record is None else f"is {record.state}"
        raise RefusedError(f"{delivery_name(feed.name, landed_on)} {state}: only a refused delivery can be waived")
    folder = delivery_folder(settings, feed.name, landed_on)
    is_gone = not _bytes_of(folder)
    if not is_gone and not unchanged(folder, record.files):
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
        files=() if is_gone else record.files,
        waived_because=reason.strip(),
        waived_by=by,
    )
    write_record(settings, waived)
    return waived
