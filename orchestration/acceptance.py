"""Accepting a delivery: contracts, quarantine, refusal, repeats, and the rows that hold (LANDING, Deliveries).

Belongs here: the way of one delivery from its folder to accepted and quarantined rows and its record. Does not belong
here: reading files (``readers``), the rules on values (``data_contracts.contracts``), or which days are processed.
"""

from __future__ import annotations

import json
import re
import reprlib
import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from data_contracts.columns import Kind
from data_contracts.contracts import BROKEN_ROWS, broken_rows, contract, values
from data_contracts.feeds import Feed
from data_contracts.keys import key_of
from data_contracts.values import ACCEPTED_TYPES, canonical_text
from orchestration.accepted_rows import EMPTY_DAY, rows_folder
from orchestration.decoding import check_marked, mark_of, marked
from orchestration.deliveries import (
    MANIFEST,
    DeliveryRecord,
    State,
    check_closed,
    check_names,
    delivery_files,
    delivery_folder,
    fingerprints,
    forget_accepted,
    is_closed,
    latest_accepted,
    read_record,
    unchanged,
    write_record,
)
from orchestration.delivery_parts import PARTS, DeliveryParts, part_paths, publish_part, write_part
from orchestration.errors import RefusedError, SettingsError
from orchestration.fingerprints import fingerprint
from orchestration.readers import Batch, read_file
from orchestration.settings import Settings

QUARANTINE_SCHEMA = pl.Schema(
    {
        "feed": pl.String,
        "landed_on": pl.Date,
        "file": pl.String,
        "row_number": pl.Int64,
        "column": pl.String,
        "rule": pl.String,
        "all_rules": pl.String,
        "raw": pl.String,
        "record_id": pl.String,  # the key, where it could be read: a child may wait for this very row
    }
)
_UNIT_SEPARATOR = "\x1f"
_WHOLE_ROW = "the row"  # that a row of another shape breaks, which has no columns
_ROWS_COMPARED_AT_ONCE = 250_000
_LONGEST_REASON = 600  # characters
_LONGEST_ROW = 2_048  # bytes of text, on average, where there are more than the next of them
_MOST_TEXT = 2**26
_LARGEST_MANIFEST = 2**20  # bytes
_AMOUNT = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,2}0*)?")


def accepted_schema(feed: Feed) -> pl.Schema:
    """The columns of accepted rows: the feed's in table order, money in cents, times in UTC, ``landed_on``, and keys of ids."""
    columns: dict[str, pl.DataType] = {c.accepted_name: ACCEPTED_TYPES[c.kind] for c in feed.columns}
    columns["landed_on"] = pl.Date()
    return pl.Schema(columns | dict.fromkeys(feed.keys.values(), pl.Int64()))


def accept_delivery(settings: Settings, feed: Feed, landed_on: date) -> DeliveryRecord | None:
    """Takes in one delivery and records what became of it; None where nothing was delivered.

    A closed delivery is only looked at (RefusedError where its bytes changed), a refused one is taken in anew. The
    record commits: what an interrupted acceptance left behind is replaced by the next one.
    """
    record = read_record(settings, feed.name, landed_on)
    if record is not None and is_closed(record, latest_accepted(settings, feed.name)):
        check_closed(settings, record)
        return record
    return take_in(settings, feed, landed_on)


def take_in(settings: Settings, feed: Feed, landed_on: date) -> DeliveryRecord | None:
    """Takes in a delivery as it stands now, whatever was recorded of it before; that is for days not processed yet."""
    folder = delivery_folder(settings, feed.name, landed_on)
    if not delivery_files(folder) and not (folder / MANIFEST).exists():
        return read_record(settings, feed.name, landed_on)
    try:
        forget_accepted(settings, feed.name, landed_on)
        record = _Intake(settings, feed, landed_on).run(folder)
        write_record(settings, record)
    except OSError as error:
        cause = " ".join(str(error).split())
        cure = "free space, or mend the permissions of home and landing"
        raise SettingsError(f"{feed.name} of {landed_on} cannot be taken in ({cause}): {cure}") from error
    return record


def clear_unrecorded(settings: Settings, feed: Feed, after: date) -> None:
    """Removes rows for which no record speaks: an acceptance that was cut off left them, and its delivery may be gone since.

    Of days that were processed only a feed that stops no day can have such rows.
    """
    for parent, states in ((settings.accepted, (State.ACCEPTED,)), (settings.quarantine, tuple(State))):
        for folder in sorted((parent / feed.name).glob("landed_on=????-??-??")):
            day = date.fromisoformat(folder.name.removeprefix("landed_on="))
            if day <= after and (feed.stops_day or day == EMPTY_DAY):
                continue
            record = read_record(settings, feed.name, day)
            if record is None or record.state not in states:
                shutil.rmtree(folder)


def ensure_empty_part(settings: Settings, feed: Feed) -> None:
    """Makes sure that the feed's accepted rows, and quarantine, can be read though nothing ever landed."""
    for parent, schema in (
        (settings.accepted / feed.name, accepted_schema(feed)),
        (settings.quarantine / feed.name, QUARANTINE_SCHEMA),
    ):
        part = _day_folder(parent, EMPTY_DAY) / "part-0.parquet"
        if not part.exists():
            temporary = part.with_suffix(".tmp")
            write_part(schema.to_frame(), temporary)
            publish_part(temporary, part)


def _day_folder(parent: Path, landed_on: date) -> Path:
    folder = rows_folder(parent, landed_on)
    for path in (parent.parent, parent, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@dataclass
class _Findings:
    """What reading a delivery finds: rows, bytes of text, totals in cents, and the hash of each good row's key in order."""

    delivered: int = 0
    quarantined: int = 0
    text_bytes: int = 0
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    unknown: set[str] = field(default_factory=set)
    key_hashes: list[pl.Series] = field(default_factory=list)


@dataclass(frozen=True)
class _Surplus:
    """The good rows that are not accepted, and why: one flag a good row, or None where all are accepted."""

    flags: pl.Series | None
    repeats: int = 0
    overtaken: int = 0


@dataclass(frozen=True)
class _Holders:
    """The places of the rows that hold, and how many rows of those compared repeat another."""

    places: pl.Series
    repeats: int


class _Intake:
    """One delivery on its way in; its temporary files lie beside the final ones, under names that nobody reads."""

    def __init__(self, settings: Settings, feed: Feed, landed_on: date) -> None:
        self.feed = feed
        self.landed_on = landed_on
        self.found = _Findings()
        self.accepted = _day_folder(settings.accepted / feed.name, landed_on)
        self.quarantine = _day_folder(settings.quarantine / feed.name, landed_on)
        self.good = DeliveryParts(self.accepted, accepted_schema(feed))
        self.broken = DeliveryParts(self.quarantine, QUARANTINE_SCHEMA)
        self.contract = contract(feed, landed_on)
        self.mark = mark_of(settings, feed, landed_on)

    def run(self, folder: Path) -> DeliveryRecord:
        """Reads, checks and publishes; the record is the caller's to write."""
        self._clear()
        record = DeliveryRecord(self.feed.name, self.landed_on, State.REFUSED)
        try:
            with suppress(OSError):  # reading says better which file cannot be read
                record = replace(record, files=fingerprints(folder))
            check_names(folder)
            self._read(delivery_files(folder))
            if not unchanged(folder, record.files):
                raise RefusedError("its files changed while they were read: deliver it whole, then run again")
            surplus = self._surplus()
            record = self._counted(record, surplus)
            if self.broken.rows:
                self.broken.publish()
            self._check_manifest(folder / MANIFEST)
            self._check_share()
            self.good.publish(without=surplus.flags)
            return replace(record, state=State.ACCEPTED, parts=tuple(map(fingerprint, part_paths(self.accepted))))
        except RefusedError as refusal:
            reason = f"{record.name} is refused: {_one_line(str(refusal))}"
            return replace(record, reason=reason, unknown_columns=self._unknown())
        finally:
            self._clear_temporary()
            for place in (self.accepted, self.quarantine):
                with suppress(OSError):  # it stays where it holds rows
                    place.rmdir()

    def _clear(self) -> None:
        for place in (self.accepted, self.quarantine):
            for part in place.glob(PARTS):
                part.unlink()
        self._clear_temporary()

    def _clear_temporary(self) -> None:
        for place in (self.accepted, self.quarantine):
            for path in place.glob("*.tmp"):
                path.unlink()

    def _unknown(self) -> tuple[str, ...]:
        return tuple(sorted(self.found.unknown))

    def _counted(self, record: DeliveryRecord, surplus: _Surplus) -> DeliveryRecord:
        good = self.found.delivered - self.found.quarantined - surplus.repeats
        return replace(
            record,
            delivered=self.found.delivered,
            good=good,
            accepted=good - surplus.overtaken,
            overtaken=surplus.overtaken,
            quarantined=self.found.quarantined,
            repeats=surplus.repeats,
            unknown_columns=self._unknown(),
        )

    # Reading

    def _read(self, files: list[Path]) -> None:
        """Takes the rows of all files, batch by batch."""
        check_marked(self.mark, files, self.feed)
        for path in files:
            with marked(self.mark, path):
                for batch in read_file(path, self.feed):
                    self._take(path.name, batch)

    def _take(self, file: str, batch: Batch) -> None:
        """Adds the good rows of a batch to the accepted ones; the others are counted and put into quarantine."""
        checked = values(self.feed, batch.cells, batch.mistyped)
        broken = broken_rows(self.contract, checked) if checked.height else BROKEN_ROWS.to_frame()
        self.found.delivered += checked.height + batch.misshapen.height
        self._check_length(file, batch)
        self.found.unknown |= batch.unknown
        for column in self.feed.columns:
            if column.kind is Kind.MONEY:
                self.found.totals[column.name] += int(checked[column.name].cast(pl.Int128).sum())
        if broken.height or batch.misshapen.height:
            self._quarantine(file, batch, broken, self._record_ids(checked, broken))
        if broken.height:
            checked = checked.with_row_index("row").join(broken, on="row", how="anti", maintain_order="left")
        good = checked.select(
            *(pl.col(column.name).alias(column.accepted_name) for column in self.feed.columns),
            pl.lit(self.landed_on).alias("landed_on"),
        )
        good = good.with_columns(key_of(good[name]).alias(key) for name, key in self.feed.keys.items())
        self.found.key_hashes.append(good.select(pl.struct(self.feed.key).hash()).to_series())
        self.good.add(good)

    def _check_length(self, file: str, batch: Batch) -> None:
        """RefusedError where rows are so long, and so many, that they are no records and would fill memory."""
        self.found.text_bytes += batch.text_bytes
        if self.found.text_bytes > max(_MOST_TEXT, _LONGEST_ROW * self.found.delivered):
            cure = "deliver records"
            raise RefusedError(f"the rows up to {file} are longer than {_LONGEST_ROW:,} bytes on average: {cure}")

    def _record_ids(self, checked: pl.DataFrame, broken: pl.DataFrame) -> pl.Series:
        key = pl.concat_str([pl.col(name).cast(pl.String) for name in self.feed.key], separator=_UNIT_SEPARATOR)
        return checked.select(key.alias("record_id")).to_series().gather(broken["row"])

    def _quarantine(self, file: str, batch: Batch, broken: pl.DataFrame, record_ids: pl.Series) -> None:
        rows = broken.height + batch.misshapen.height
        of_values = broken.with_columns(
            batch.row_numbers.gather(broken["row"]), batch.raw_text(broken["row"]), record_ids
        )
        of_shape = batch.misshapen.with_columns(rule=pl.lit("shape"), all_rules=pl.lit("shape"))
        part = pl.concat([of_values, of_shape], how="diagonal").sort("row_number")
        constants = {"feed": self.feed.name, "landed_on": self.landed_on, "file": file}
        part = part.with_columns(pl.lit(value).alias(name) for name, value in constants.items())
        self.broken.add(part.select(QUARANTINE_SCHEMA.names()).cast(QUARANTINE_SCHEMA))
        self.found.quarantined += rows
        for column, rule, count in part.group_by("column", "rule").len().iter_rows():
            self.found.rules[(column or _WHOLE_ROW, rule)] += count

    # Repeats and versions

    def _surplus(self) -> _Surplus:
        """Finds the good rows that repeat another, or are overtaken by another version of their key.

        Keys whose hash stands alone need no second look; the rows of the others are compared as they are, in shares
        that bound memory: by the whole row first, so that many rows of one key spread, then by key what is left.
        """
        hashes = pl.concat(self.found.key_hashes) if self.found.key_hashes else pl.Series([], dtype=pl.UInt64)
        ordered = hashes.sort()
        shared = ordered.filter(ordered == ordered.shift(1)).unique()
        if shared.is_empty():
            return _Surplus(None)
        rivals = hashes.is_in(shared.implode())
        rows = self.good.scan()
        row_hashes = rows.select(pl.struct(self._names()).hash()).collect(engine="streaming").to_series()
        first = self._holders(rows, rivals, row_hashes)
        last = self._holders(rows, _flags(rivals.len(), first.places), hashes)
        surplus = rivals & ~_flags(rivals.len(), last.places)
        return _Surplus(surplus, first.repeats, int(surplus.sum()) - first.repeats)

    def _holders(self, good: pl.LazyFrame, rivals: pl.Series, hashes: pl.Series) -> _Holders:
        """Of the flagged rows, the one of each key that holds in each share of the hashes."""
        versions = ["updated_at", "canonical"] if self.feed.has_updated_at else ["canonical"]
        text = canonical_text(self.feed.columns).alias("canonical")
        shares = int(rivals.sum()) // _ROWS_COMPARED_AT_ONCE + 1
        places: list[pl.Series] = []
        repeats = 0
        for share in range(shares):
            rows = _at_places(good, rivals & (hashes % shares == share)).collect(engine="streaming")
            distinct = rows.unique(self._names(), keep="first", maintain_order=True)
            repeats += rows.height - distinct.height
            best_first = distinct.with_columns(text).sort(versions, descending=True, maintain_order=True)
            places.append(best_first.unique(list(self.feed.key), keep="first")["place"])
        return _Holders(pl.concat(places), repeats)

    def _names(self) -> list[str]:
        return [column.accepted_name for column in self.feed.columns]

    # Refusal

    def _check_share(self) -> None:
        delivered, broken = self.found.delivered, self.found.quarantined
        most = self.feed.refused_above_rows
        share = self.feed.refused_above_share_bps
        if not (broken > most and broken * 10_000 > share * delivered) and not (delivered >= 3 and broken == delivered):
            return
        (column, rule), count = self._most_common_rule()
        raise RefusedError(
            f"{broken:,} of {delivered:,} rows break their contract, {count:,} of them {column}: {rule}: "
            f"see quarantine/{self.feed.name}/landed_on={self.landed_on} in the home, then replace it in place or waive it"
        )

    def _most_common_rule(self) -> tuple[tuple[str, str], int]:
        """The rule that most rows break first, and how many; of equals the first by column, whatever the order of the rows."""
        names = [_WHOLE_ROW, *(column.name for column in self.feed.columns)]
        return min(self.found.rules.items(), key=lambda rule: (-rule[1], names.index(rule[0][0]), rule[0][1]))

    def _check_manifest(self, path: Path) -> None:
        if not path.exists():
            return
        rows, totals = _read_manifest(path, self.feed)
        cure = "deliver all of it, or mend the manifest"
        if rows is not None and rows != self.found.delivered:
            raise RefusedError(f"{MANIFEST} says {rows:,} rows, its files hold {self.found.delivered:,}: {cure}")
        for column, cents in totals.items():
            if cents != self.found.totals[column]:
                read = _amount(self.found.totals[column])
                raise RefusedError(f"{MANIFEST} says {column} {_amount(cents)}, its files hold {read}: {cure}")


def _at_places(rows: pl.LazyFrame, flags: pl.Series) -> pl.LazyFrame:
    """The rows that are flagged, one flag a row."""
    flagged = pl.col("place").map_batches(flags.gather, return_dtype=pl.Boolean, is_elementwise=True)
    return rows.filter(flagged)


def _flags(length: int, places: pl.Series) -> pl.Series:
    return pl.repeat(False, length, eager=True).scatter(places, True)


def _one_line(text: str) -> str:
    """What may quote a file, fit for a record and a terminal."""
    line = " ".join(text.encode("utf-8", "backslashreplace").decode().split())
    return line if len(line) <= _LONGEST_REASON else line[:_LONGEST_REASON] + " …"


def _amount(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _read_manifest(path: Path, feed: Feed) -> tuple[int | None, dict[str, int]]:
    """The rows and the totals in cents that a manifest promises; RefusedError where it cannot be understood."""
    try:
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise ValueError(f"it is larger than {_LARGEST_MANIFEST:,} bytes")
        content = json.loads(path.read_text("utf-8-sig"), parse_float=str, object_pairs_hook=_named_once)
        rows = content.get("rows")
        totals = {name: _cents(str(amount)) for name, amount in content.get("totals", {}).items()}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise RefusedError(f"{MANIFEST} cannot be read ({error}): write it as LANDING.md says") from error
    if isinstance(rows, bool) or not isinstance(rows, int | None):
        raise RefusedError(f"{MANIFEST} says {reprlib.repr(rows)} rows, which is no whole number: mend the manifest")
    amounts = {column.name for column in feed.columns if column.kind is Kind.MONEY}
    for name in totals:
        if name not in amounts:
            shown = name if name.isidentifier() else reprlib.repr(name)
            raise RefusedError(f"{MANIFEST} totals {shown}, which is no amount of {feed.name}: mend the manifest")
    return rows, totals


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("it names something more than once")
    return content


def _cents(text: str) -> int:
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f"{reprlib.repr(text)} is no amount")
    whole, _, fraction = text.lstrip("-").partition(".")
    cents = int(whole) * 100 + int(fraction[:2].ljust(2, "0"))
    return -cents if text.startswith("-") else cents
