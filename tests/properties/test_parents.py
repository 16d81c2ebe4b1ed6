"""What waits for its parents, and what names another order than its line: as the contract says on each day, by any runs.

LANDING's words in plain Python, over all accepted rows, beside the movements that runs add to. Does not belong here: what that does
to figures (``test_brute_force``), and single cases (``landing/test_parents_day_by_day``).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from brute_force.knowledge import Knowledge
from compiled.project import compiled_project
from compiled.records import Record, record
from compiled.world import World
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.feeds import FEEDS
from properties.effort import tried_on

FIRST = date(2025, 7, 1)
WEEK = [FIRST + timedelta(days) for days in range(6)]
LOST = WEEK[-1] + timedelta(91)
DAYS = [*WEEK, LOST]
# Ids whose keys are numbers, hashes, and hashes of what looks like a number.
ORDERS, LINES, DEALS = ["1", "01", "O"], ["11", "011", "L"], ["D", "E"]
CHILDREN = ("attributions", "refunds", "deal_redemptions")
REPORTS = ("waiting_records", "order_mismatches")
MOVEMENTS = ("waiting_movements", "mismatch_movements")
Report = list[tuple[Any, ...]]


def fields(feed: str) -> dict[str, list[str]]:
    """The ids that records of a feed may have and name."""
    line = {"order_line_id": LINES, "order_id": ORDERS}
    return {
        "orders": {"order_id": ORDERS},
        "deals": {"deal_id": DEALS},
        "refunds": {"refund_id": ["R", "S"]} | line,
        "deal_redemptions": {"redemption_id": ["R", "S"], "deal_id": DEALS} | line,
    }.get(feed, line)


@st.composite
def versions(draw: st.DrawFn) -> list[Record]:
    """Up to four versions of every feed's records, in any order of landing and of updates."""
    found = {}
    for feed in ("orders", "order_lines", "deals", *CHILDREN):
        for _ in range(draw(st.integers(0, 4))):
            ids = {name: draw(st.sampled_from(those)) for name, those in fields(feed).items()}
            landed_on = draw(st.sampled_from(WEEK))
            updated_at = draw(st.sampled_from(WEEK[:3]))
            key = (feed, landed_on, *(ids[name] for name in FEEDS[feed].key))
            found[key] = record(feed, landed_on, **ids, updated_at=updated_at)
    return [*found.values(), record("orders", FIRST, order_id="of the first day")]


broken = st.sets(
    st.tuples(st.sampled_from(["orders", "order_lines", "deals"]), st.sampled_from([*ORDERS, *LINES, *DEALS])),
    max_size=4,
)


class Parents:
    """The contract in plain words: who lacks a parent on a day, and who names another order than the line does."""

    def __init__(self, records: list[Record], broken_parents: set[tuple[str, str]]) -> None:
        self.records = records
        self.knowledge = Knowledge(records)
        self.broken = broken_parents

    def first_landed(self, feed: str, name: str) -> date:
        """The delivery day of a record's first version; date.max where it never landed."""
        (key,) = FEEDS[feed].key
        days = [row.values["landed_on"] for row in self.records if row.feed == feed and row.values[key] == name]
        return min(days, default=date.max)

    def missing(self, day: date, feed: str, row: dict[str, Any]) -> list[tuple[str, str]]:
        """The parents that a version which holds lacks, the line or its order before the deal."""
        if feed == "order_lines":
            order = ("orders", row["order_id"])
            return [order] if self.first_landed(*order) > day else []
        line = ("order_lines", row["order_line_id"])
        if self.first_landed(*line) > day:
            lacking = [line]
        else:
            lacking = self.missing(day, "order_lines", self.line(day, row["order_line_id"]))
        if feed == "deal_redemptions" and self.first_landed("deals", row["deal_id"]) > day:
            lacking.append(("deals", row["deal_id"]))
        return lacking

    def line(self, day: date, name: str) -> dict[str, Any]:
        """The line's version that holds."""
        (row,) = (row for row in self.knowledge.held("order_lines", day) if row["order_line_id"] == name)
        return row

    def waiting_records(self, day: date) -> Report:
        """The mart as it must be as known on a day."""
        rows = []
        for feed in ("order_lines", *CHILDREN):
            (key,) = FEEDS[feed].key
            for row in self.knowledge.held(feed, day):
                lacking = sorted(self.missing(day, feed, row), key=lambda parent: parent not in self.broken)
                if lacking:
                    since = self.first_landed(feed, row[key])
                    age = (day - since).days
                    reason = "LOST" if age > 90 else "WAITING"
                    reason = "PARENT_QUARANTINED" if lacking[0] in self.broken else reason
                    rows.append((feed, row[key], lacking[0][1], since, age, reason))
        return sorted(rows)

    def order_mismatches(self, day: date) -> Report:
        """The mart as it must be as known on a day."""
        rows = []
        for feed in CHILDREN:
            (key,) = FEEDS[feed].key
            for row in self.knowledge.held(feed, day):
                if self.first_landed("order_lines", row["order_line_id"]) <= day:
                    order_id = self.line(day, row["order_line_id"])["order_id"]
                    if row["order_id"] != order_id:
                        named = (row["order_line_id"], row["order_id"])
                        rows.append((feed, row[key], *named, order_id, row["landed_on"]))
        return sorted(rows)


def world_of(records: list[Record], broken_parents: set[tuple[str, str]]) -> World:
    """A world of these records and quarantined parents, with the two reports."""
    world = World(records, project=compiled_project().upstream(*REPORTS).without_checks())
    for feed, name in sorted(broken_parents):
        world.connection.execute(f"insert into context.quarantine (feed, record_id) values ('{feed}', '{name}')")
    return world


def built(world: World, days: list[date]) -> dict[str, Report]:
    """The movements after runs that end on these days."""
    before = None
    for day in days:
        world.build(day, before)
        before = day
    return {name: world.rows(f"select * from movements.{name} order by all") for name in MOVEMENTS}


@tried_on(15)
@given(versions(), broken)
def test_both_reports_are_those_of_the_contract_on_each_day(
    records: list[Record], broken_parents: set[tuple[str, str]]
) -> None:
    world, parents = world_of(records, broken_parents), Parents(records, broken_parents)
    for number, day in enumerate(DAYS):
        world.build(day, DAYS[number - 1] if number else None)
        assert world.rows("from marts.waiting_records order by all") == parents.waiting_records(day)
        assert world.rows("from marts.order_mismatches order by all") == parents.order_mismatches(day)


@tried_on(10)
@given(versions(), st.sets(st.sampled_from(DAYS[:-1]), max_size=4))
def test_days_ranges_and_a_rebuild_leave_the_same_movements(records: list[Record], ends: set[date]) -> None:
    by_ranges = world_of(records, set())
    movements = built(by_ranges, [*sorted(ends), LOST])
    assert built(world_of(records, set()), [LOST]) == movements
    by_ranges.build(LOST, max(ends, default=None))
    again = {name: by_ranges.rows(f"select * from movements.{name} order by all") for name in MOVEMENTS}
    assert again == movements, "a run that is repeated changes something"
    for name in MOVEMENTS:
        for known_on, _, turn in by_ranges.rows(f"select known_on, feed, turn from movements.{name}"):
            assert turn in (1, -1) and known_on in DAYS
