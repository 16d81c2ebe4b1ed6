"""The small worlds hit the corners that they are there for: each of them in so many of a hundred that a few dozen meet it.

Does not belong here: what is owed in a corner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from brute_force.knowledge import Knowledge, Row
from brute_force.measures import is_counting, lines_as_known
from compiled.records import Record
from hypothesis import given

from properties.effort import tried_on
from properties.worlds import DAYS, TIME_ZONES, key_of, worlds

WORLDS, AT_LEAST = 100, 5
NEVER = date.max


class Landed:
    """When a world's records land, feed by feed, and what is known in the end."""

    def __init__(self, records: list[Record], time_zone: str) -> None:
        self.records = records
        self.knowledge = Knowledge(records, time_zone)
        self.lines = lines_as_known(self.knowledge, DAYS[-1])

    def first(self, feed: str, **values: Any) -> date:
        """The first day on which such a record lands."""
        days = (
            row.values["landed_on"] for row in self.records if row.feed == feed and values.items() <= row.values.items()
        )
        return min(days, default=NEVER)

    def days_of(self, line: str, order: str) -> tuple[date, date, date, date]:
        """The first days of a line's order, of itself, of its attribution and of a refund that reverses something of it."""
        refunds = (
            row.values["landed_on"]
            for row in self.records
            if row.feed == "refunds" and row.values["order_line_id"] == line and row.values["status"] == "COMPLETED"
        )
        return (
            self.first("orders", order_id=order),
            self.first("order_lines", order_line_id=line),
            self.first("attributions", order_line_id=line),
            min(refunds, default=NEVER),
        )


def ties(landed: Landed) -> Iterator[str]:
    """Versions whose updated_at is the newest, and the same: the later delivery holds."""
    newest: dict[tuple[Any, ...], list[Row]] = {}
    for row in landed.records:
        if "updated_at" in row.values:
            newest.setdefault((row.feed, *key_of(row)[2:]), []).append(row.values)
    for (feed, *_), versions in newest.items():
        latest = max(version["updated_at"] for version in versions)
        if sum(version["updated_at"] == latest for version in versions) > 1:
            yield f"equal updated_at of {feed}"


def supersessions(landed: Landed) -> Iterator[str]:
    """Completed refunds of one counting line that supersede each other, as known on some day."""
    counting = {line.order_line_id for line in landed.lines}
    for day in DAYS:
        held = [row for row in landed.knowledge.held("refunds", day) if row["status"] == "COMPLETED"]
        for line in counting:
            names = {row["refund_id"]: row["supersedes_refund_id"] for row in held if row["order_line_id"] == line}
            for first in names:
                second = names.get(first)
                third = names.get(second)
                if second in names and third in names and len({first, second, third}) == 3:
                    yield "cycle of three" if names[third] == first else "chain of three"
                elif second in names and first == third != second:
                    yield "cycle of two"


def histories(landed: Landed) -> Iterator[str]:
    """In which order the records of a counting line land."""
    for line in landed.lines:
        order, itself, attribution, refund = landed.days_of(line.order_line_id, line.order_id)
        if refund < attribution < NEVER:
            yield "attribution after refund"
        if line.paid_on < order == itself == attribution == refund:
            yield "bulk history"
        if itself < order:
            yield "line before its order"
        if min(attribution, refund) < itself:
            yield "attribution or refund before its line"


def cancellations(landed: Landed) -> Iterator[str]:
    """Counting orders that were cancelled one day and are not on a later one."""
    cancelled = set()
    for day in DAYS:
        for order in filter(is_counting, landed.knowledge.held("orders", day)):
            if order["status"] == "CANCELLED":
                cancelled.add(order["order_id"])
            elif order["order_id"] in cancelled:
                yield "order corrected after cancel"


def midnights(landed: Landed) -> Iterator[str]:
    """Counting orders whose business day is not the day in UTC."""
    for order in filter(is_counting, landed.knowledge.held("orders", DAYS[-1])):
        if landed.knowledge.day(order["paid_at"]) != order["paid_at"].date():
            yield "midnight in another time zone"


CORNERS = (
    *(f"equal updated_at of {feed}" for feed in ("orders", "order_lines", "attributions", "refunds", "assignments")),
    "chain of three", "cycle of two", "cycle of three", "attribution after refund", "order corrected after cancel",
    "bulk history", "line before its order", "attribution or refund before its line", "midnight in another time zone",
)  # fmt: skip


def test_every_corner_is_hit() -> None:
    found: Counter[str] = Counter()

    @tried_on(WORLDS)
    @given(worlds(), TIME_ZONES)
    def look(records: list[Record], time_zone: str) -> None:
        landed = Landed(records, time_zone)
        for look_for in (ties, supersessions, histories, cancellations, midnights):
            found.update(set(look_for(landed)))

    look()
    assert {corner: found[corner] for corner in CORNERS if found[corner] < AT_LEAST} == {}, found
