"""Records that begin and cease to wait, or to name another order than their line: the same turns by days, by ranges and at once.

Does not belong here: what the reports say of a record (``test_parents``), and worlds that nobody thought of (``properties``).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from compiled.project import compiled_project
from compiled.records import Record, record
from compiled.world import World

FIRST = date(2025, 7, 1)
LAST, LATE = 5, 100
"""The numbers of the last day on which something lands, and of a day on which all that waits is lost."""
ENDS = ([LATE], [LAST, LATE], [0, LAST, LATE], [2, 3, LATE], [*range(LAST + 1), LATE])
"""On which days the runs of a world end: at once, in ranges, day by day."""
PROJECT = ("waiting_records", "order_mismatches")
WAITS = "select known_on, feed, record_id, parent_feed, parent_id, turn from movements.waiting_movements order by all"
DIFFERS = "select known_on, record_id, named_order_id, order_id, turn from movements.mismatch_movements order by all"
IDS = ("order_id", "order_line_id", "refund_id", "redemption_id", "deal_id")
Turn = tuple[Any, ...]


def day(number: int) -> date:
    """So many days after the first."""
    return FIRST + timedelta(number)


def order(number: int, name: str = "O") -> Record:
    """An order that lands on the day of that number."""
    return record("orders", day(number), order_id=name)


def line(number: int, order_id: str = "O", name: str = "L", updated: int | None = None) -> Record:
    """A line of an order."""
    updated_at = day(number if updated is None else updated)
    return record("order_lines", day(number), order_line_id=name, order_id=order_id, updated_at=updated_at)


def attribution(number: int, order_id: str = "O", line_id: str = "L") -> Record:
    """An attribution of a line."""
    return record("attributions", day(number), order_line_id=line_id, order_id=order_id)


def refund(number: int, line_id: str = "L", order_id: str = "O", updated: int | None = None) -> Record:
    """The refund R of a line."""
    updated_at = day(number if updated is None else updated)
    return record(
        "refunds", day(number), refund_id="R", order_line_id=line_id, order_id=order_id, updated_at=updated_at
    )


def redemption(number: int, deal_id: str = "D", line_id: str = "L") -> Record:
    """The redemption X of a deal for a line."""
    ids = {"redemption_id": "X", "deal_id": deal_id, "order_line_id": line_id, "order_id": "O"}
    return record("deal_redemptions", day(number), **ids)


def deal(number: int, name: str = "D") -> Record:
    """A deal."""
    return record("deals", day(number), deal_id=name)


WAITING: dict[str, tuple[list[Record], list[Turn]]] = {
    "all on one day": ([order(2), line(2), attribution(2), refund(2), deal(2), redemption(2)], []),
    "the parent is there before": ([order(0), line(1), refund(2), deal(1), redemption(2)], []),
    "the order lands later": (
        [line(1), refund(2), order(3)],
        [
            (1, "order_lines", "L", "orders", "O", 1),
            (2, "refunds", "R", "orders", "O", 1),
            (3, "order_lines", "L", "orders", "O", -1),
            (3, "refunds", "R", "orders", "O", -1),
        ],
    ),
    "the line lands later, its order later still": (
        [attribution(0), line(2), order(4)],
        [
            (0, "attributions", "L", "order_lines", "L", 1),
            (2, "attributions", "L", "order_lines", "L", -1),
            (2, "attributions", "L", "orders", "O", 1),
            (2, "order_lines", "L", "orders", "O", 1),
            (4, "attributions", "L", "orders", "O", -1),
            (4, "order_lines", "L", "orders", "O", -1),
        ],
    ),
    "an old refund begins to wait when its line moves, and ceases when the line comes back": (
        [order(0), line(0), refund(0), line(2, "never"), line(4)],
        [
            (2, "order_lines", "L", "orders", "never", 1),
            (2, "refunds", "R", "orders", "never", 1),
            (4, "order_lines", "L", "orders", "never", -1),
            (4, "refunds", "R", "orders", "never", -1),
        ],
    ),
    "the line is corrected to another order that is missing too": (
        [line(1, "never"), line(3, "nor ever")],
        [
            (1, "order_lines", "L", "orders", "never", 1),
            (3, "order_lines", "L", "orders", "never", -1),
            (3, "order_lines", "L", "orders", "nor ever", 1),
        ],
    ),
    "a refund is corrected to a line that is there": (
        [order(0), line(0), refund(1, "none"), refund(3)],
        [(1, "refunds", "R", "order_lines", "none", 1), (3, "refunds", "R", "order_lines", "none", -1)],
    ),
    "it waits, ceases, and waits again for what never lands": (
        [order(0), refund(0), line(1), refund(3, "never")],
        [
            (0, "refunds", "R", "order_lines", "L", 1),
            (1, "refunds", "R", "order_lines", "L", -1),
            (3, "refunds", "R", "order_lines", "never", 1),
        ],
    ),
    "a correction that is older than what holds changes nothing": (
        [order(0), line(0), refund(1), refund(3, "never", updated=0), line(4, "never", updated=-1)],
        [],
    ),
    "the same record again while it waits": (
        [order(0), refund(1, "never"), refund(3, "never")],
        [(1, "refunds", "R", "order_lines", "never", 1)],
    ),
    "a redemption waits for its line and its deal": (
        [order(0), redemption(0), line(2), deal(4)],
        [
            (0, "deal_redemptions", "X", "deals", "D", 1),
            (0, "deal_redemptions", "X", "order_lines", "L", 1),
            (2, "deal_redemptions", "X", "order_lines", "L", -1),
            (4, "deal_redemptions", "X", "deals", "D", -1),
        ],
    ),
    "a redemption whose line has stood for days, by a deal that lands on its day, the next, or never": (
        [order(0), line(0), redemption(2, "E"), deal(2, "E"), redemption(3), deal(4), deal(5), redemption(5, "never")],
        [
            (3, "deal_redemptions", "X", "deals", "D", 1),
            (4, "deal_redemptions", "X", "deals", "D", -1),
            (5, "deal_redemptions", "X", "deals", "never", 1),
        ],
    ),
    "a redemption of a line that waits, and whose order lands": (
        [line(0), deal(0), redemption(2), order(4)],
        [
            (0, "order_lines", "L", "orders", "O", 1),
            (2, "deal_redemptions", "X", "orders", "O", 1),
            (4, "deal_redemptions", "X", "orders", "O", -1),
            (4, "order_lines", "L", "orders", "O", -1),
        ],
    ),
}

MISMATCHES: dict[str, tuple[list[Record], list[Turn]]] = {
    "all agree": ([line(1), attribution(1), refund(2)], []),
    "a child names another order and is corrected": (
        [line(0), attribution(1, "P"), attribution(3)],
        [(1, "L", "P", "O", 1), (3, "L", "P", "O", -1)],
    ),
    "the line is corrected to another order": (
        [line(0), attribution(0), refund(1), line(3, "P")],
        [(3, "L", "O", "P", 1), (3, "R", "O", "P", 1)],
    ),
    "the line moves on, and comes back": (
        [line(0), refund(0), line(1, "P"), line(2, "Q"), line(4)],
        [(1, "R", "O", "P", 1), (2, "R", "O", "P", -1), (2, "R", "O", "Q", 1), (4, "R", "O", "Q", -1)],
    ),
    "the line lands later than what disagrees with it": (
        [attribution(0, "P"), refund(1), line(3)],
        [(3, "L", "P", "O", 1)],
    ),
    "the refund moves to a line of its order": (
        [line(0), line(0, "P", "M"), refund(1, "M"), refund(3)],
        [(1, "R", "O", "P", 1), (3, "R", "O", "P", -1)],
    ),
    "a redemption of a line that has stood for days": (
        [line(0, "P"), redemption(3), line(4)],
        [(3, "X", "O", "P", 1), (4, "X", "O", "P", -1)],
    ),
    "the version that holds changes, and still disagrees": (
        [line(0), refund(1, order_id="P"), refund(3, order_id="P")],
        [(1, "R", "P", "O", 1), (3, "R", "P", "O", -1), (3, "R", "P", "O", 1)],
    ),
}


def apart(number: int, records: list[Record]) -> list[Record]:
    """The records of a case with ids of their own, so that all cases stand in one world."""
    return [
        Record(row.feed, {name: f"{value}/{number}" if name in IDS else value for name, value in row.values.items()})
        for row in records
    ]


def turns(world: World, sql: str) -> dict[int, list[Turn]]:
    """The turns of each case by its number, with the numbers of the days, and ids as they stand in the case."""
    found: dict[int, list[Turn]] = {}
    for known_on, *rest in world.rows(sql):
        names = [value.split("/")[0] if isinstance(value, str) else value for value in rest]
        (number,) = {int(value.split("/")[1]) for value in rest if isinstance(value, str) and "/" in value}
        found.setdefault(number, []).append(((known_on - FIRST).days, *names))
    return found


@pytest.fixture(scope="module", params=ENDS, ids=str)
def world(request: pytest.FixtureRequest) -> World:
    """All cases, after runs that end on these days."""
    waiting = [records for records, _ in WAITING.values()]
    # where nothing waits for its order, so that nothing but the order that is named brings a record into question
    differing = [[*records, order(0), order(0, "P"), order(0, "Q")] for records, _ in MISMATCHES.values()]
    records = [row for number, case in enumerate([*waiting, *differing]) for row in apart(number, case)]
    # so that history begins on the first day
    world = World([*records, order(0)], project=compiled_project().upstream(*PROJECT))
    ends: list[int] = request.param
    for number, end in enumerate(ends):
        world.build(day(end), day(ends[number - 1]) if number else None)
    return world


def test_who_begins_and_ceases_to_wait(world: World) -> None:
    found = turns(world, WAITS)
    for number, (case, (_, expected)) in enumerate(WAITING.items()):
        assert found.get(number, []) == expected, case


def test_who_begins_and_ceases_to_name_another_order_than_its_line(world: World) -> None:
    found = turns(world, DIFFERS)
    for number, (case, (_, expected)) in enumerate(MISMATCHES.items(), len(WAITING)):
        assert found.get(number, []) == expected, case


def test_ninety_days_without_deliveries_make_it_lost_unless_its_parent_is_broken() -> None:
    """The movements tell who waits; for how long and why is asked anew on each day, also where nothing landed."""
    records = [order(0), line(0), refund(1, "never"), redemption(1, "broken")]
    world = World(records, project=compiled_project().upstream(*PROJECT))
    reasons = "select feed, age_days, reason from marts.waiting_records order by all"
    world.build(day(1))
    assert world.rows(reasons) == [("deal_redemptions", 0, "WAITING"), ("refunds", 0, "WAITING")]
    world.connection.execute("insert into context.quarantine (feed, record_id) values ('deals', 'broken')")
    for before, today, reason in ((1, 91, "WAITING"), (91, 92, "LOST")):
        world.build(day(today), day(before))
        age = today - 1
        assert world.rows(reasons) == [("deal_redemptions", age, "PARENT_QUARANTINED"), ("refunds", age, reason)]
    assert world.rows("select count(*) from movements.waiting_movements") == [(2,)]
