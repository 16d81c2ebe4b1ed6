"""What broke its contract, by feed, delivery day, column and rule, with an example of each.

Read from the quarantined rows themselves, those of refused deliveries too. Does not belong here: which row breaks what
(``data_contracts.contracts``), or how it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import polars as pl

from orchestration.accepted_rows import rows_folder
from orchestration.deliveries import DeliveryRecord, State, read_records
from orchestration.delivery_parts import part_paths
from orchestration.errors import SettingsError
from orchestration.settings import Settings

_SHOWN = 200
"""Characters of an example's text that are shown."""


@dataclass(frozen=True)
class Breach:
    """Rows of one delivery that break one rule on one column first, and the first of them.

    ``column`` is empty where the row as a whole is broken. ``text`` is the row as delivered, fit for a terminal: cut off,
    and characters that a terminal would obey written as escapes.
    """

    feed: str
    landed_on: date
    state: str
    column: str
    rule: str
    rows: int
    file: str
    row_number: int
    text: str


@dataclass(frozen=True)
class Broken:
    """All that broke: rows by delivery and rule, and why deliveries are refused whole, one line each."""

    breaches: list[Breach]
    refusals: list[str]


def broken(settings: Settings, feed: str | None = None, landed_on: date | None = None) -> Broken:
    """All that broke, or only in a feed or on a day; SettingsError where nothing was delivered then."""
    chosen = [
        record
        for record in read_records(settings)
        if feed in (None, record.feed) and landed_on in (None, record.landed_on)
    ]
    if landed_on is not None and not chosen:
        raise SettingsError(f"nothing of {feed or 'any feed'} of {landed_on} was taken in: see what was delivered")
    refused = [str(record.reason) for record in chosen if record.state is State.REFUSED]
    return Broken(breaches_of(settings, chosen), refused)


def breaches_of(settings: Settings, records: Iterable[DeliveryRecord]) -> list[Breach]:
    """The breaches of these deliveries: newest day first, within a delivery the most frequent first."""
    found = [breach for record in records for breach in _of_delivery(settings, record)]
    return sorted(found, key=lambda breach: (-breach.landed_on.toordinal(), breach.feed, -breach.rows))


def _of_delivery(settings: Settings, record: DeliveryRecord) -> list[Breach]:
    parts = part_paths(rows_folder(settings.quarantine / record.feed, record.landed_on))
    if not parts:
        return []
    first = pl.all().first()
    counted = (
        pl.scan_parquet(parts, hive_partitioning=False, glob=False)
        .select("column", "rule", "file", "row_number", pl.col("raw").str.head(_SHOWN + 1))
        .group_by("column", "rule", maintain_order=True)
        .agg(pl.len().alias("rows"), first)
        .collect(engine="streaming")
    )
    return [
        Breach(
            feed=record.feed,
            landed_on=record.landed_on,
            state=str(record.state),
            column=row["column"] or "",
            rule=row["rule"],
            rows=row["rows"],
            file=_printable(row["file"]),
            row_number=row["row_number"],
            text=_printable(row["raw"] or ""),
        )
        for row in counted.iter_rows(named=True)
    ]


def _printable(text: str) -> str:
    """Text of others for a terminal or a page: nothing in it that moves the cursor, colours, or reverses the writing."""
    shown = "".join(character if character.isprintable() else repr(character)[1:-1] for character in text[:_SHOWN])
    return f"{shown}…" if len(text) > _SHOWN else shown
