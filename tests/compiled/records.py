"""Records of the feeds as accepted rows, with the columns that a test does not care about filled in.

Does not belong here: reading deliveries (``orchestration.acceptance``), and a notation for people (``scenarios``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from data_contracts.columns import Kind
from data_contracts.feeds import FEEDS

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
PLAIN = {Kind.TEXT: "", Kind.MONEY: 0, Kind.INTEGER: 0, Kind.BOOLEAN: False, Kind.TIME: LONG_AGO}
SPECIAL = {
    "orders": {"status": "COMPLETED", "currency": "USD"},
    "order_lines": {"quantity": 1},
    "refunds": {"kind": "REFUND", "status": "COMPLETED"},
    "members": {"country": "US"},
}


@dataclass(frozen=True)
class Record:
    """One accepted row of a feed: its columns by their accepted names (amounts in cents), and ``landed_on``."""

    feed: str
    values: dict[str, Any]


def record(feed: str, landed_on: date, **given: Any) -> Record:
    """A row of ``feed``; required columns that are not given have a plain value, updated_at the start of landed_on."""
    columns = {column.accepted_name: column for column in FEEDS[feed].columns}
    unknown = given.keys() - columns.keys()
    assert not unknown, f"{feed} has no column {', '.join(sorted(unknown))}"
    values = {name: PLAIN.get(column.kind) if column.required else None for name, column in columns.items()}
    if "updated_at" in columns:
        values["updated_at"] = datetime.combine(landed_on, time(), UTC)
    return Record(feed, values | SPECIAL.get(feed, {}) | given | {"landed_on": landed_on})
