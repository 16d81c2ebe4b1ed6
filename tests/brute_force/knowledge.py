"""What was known on a day: of each key the version that holds (LANDING, Versions and parents).

Does not belong here: any measure.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from compiled.records import Record

from data_contracts.feeds import FEEDS

Row = dict[str, Any]


class Knowledge:
    """All records of a world, and the business time zone in which days are cut."""

    def __init__(self, records: Iterable[Record], time_zone: str = "UTC") -> None:
        self.records = [Record(record.feed, _in_utc(record.values)) for record in records]
        self.time_zone = ZoneInfo(time_zone)

    def held(self, feed: str, known_on: date) -> list[Row]:
        """One row a key: the greatest (updated_at, landed_on) of what had landed by the day."""
        newest: dict[tuple[Any, ...], Row] = {}
        for record in self.records:
            row = record.values
            if record.feed == feed and row["landed_on"] <= known_on:
                key = tuple(row[name] for name in FEEDS[feed].key)
                if key not in newest or _age(row) > _age(newest[key]):
                    newest[key] = row
        return list(newest.values())

    def day(self, moment: datetime) -> date:
        """The business day of a moment."""
        return moment.astimezone(self.time_zone).date()

    def first_delivery(self, known_on: date) -> date | None:
        """L0: the first delivery day of orders, None while there was none."""
        days = [record.values["landed_on"] for record in self.records if record.feed == "orders"]
        return min((day for day in days if day <= known_on), default=None)


def _in_utc(row: Row) -> Row:
    """Times in UTC, in which a day has 86,400 seconds: Python adds days by the clock on the wall."""
    return {name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in row.items()}


def _age(row: Row) -> tuple[Any, ...]:
    return (row["updated_at"], row["landed_on"]) if "updated_at" in row else (row["landed_on"],)
