"""Versions across deliveries (LANDING, Versions and parents), and the counts of deliveries, as SQL sees them.

Does not belong here: versions in one delivery, which never reach SQL (``tests/acceptance``).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from compiled.project import compiled_project
from compiled.records import Record, record
from compiled.world import World

FIRST = date(2025, 10, 1)
EARLY, LATE = (datetime(2025, 9, 30, hour, tzinfo=UTC) for hour in (9, 10))


def on(number: int) -> date:
    """So many days after the first."""
    return FIRST + timedelta(number)


def versions(landed: tuple[datetime, ...], amounts: tuple[int, ...]) -> list[Record]:
    """An order, and versions of its one line: each landed a day after the other, with these times and amounts."""
    lines = [
        record(
            "order_lines",
            on(number),
            order_line_id="L",
            order_id="O",
            original_amount_cents=amount,
            updated_at=updated_at,
        )
        for number, (updated_at, amount) in enumerate(zip(landed, amounts, strict=True))
    ]
    return [record("orders", FIRST, order_id="O", paid_at=EARLY), *lines]


@pytest.mark.parametrize(
    ("landed", "holding"),
    [
        ((EARLY, LATE), [0, 1]),
        ((LATE, EARLY), [0, 0]),
        ((EARLY, EARLY), [0, 1]),  # of one time: the one that landed later
        ((LATE, EARLY, LATE), [0, 0, 2]),
        ((EARLY, LATE, EARLY), [0, 1, 1]),
        ((EARLY, EARLY + timedelta(microseconds=1), EARLY), [0, 1, 1]),
    ],
)
def test_the_greatest_updated_at_holds_and_then_the_later_day(landed: tuple[datetime, ...], holding: list[int]) -> None:
    """Also where the amount that lands later is the smaller one."""
    project = compiled_project().upstream("gmv_daily").without_checks()
    for amounts in ((100, 200, 300)[: len(landed)], (300, 200, 100)[: len(landed)]):
        world = World(versions(landed, amounts), project=project)
        for number, held in enumerate(holding):
            world.build(on(number), known_from=on(number - 1) if number else None)
            assert world.rows("select gross_cents from marts.gmv_daily") == [(amounts[held],)], (amounts, number)


def test_counts_that_do_not_add_up_are_shown_by_a_check() -> None:
    counts = "delivered, good, accepted, overtaken, quarantined, repeats"
    world = World(versions((EARLY,), (100,)))
    (check,) = [check for check in world.project.checks if check.name == "deliveries_add_up"]
    world.build(FIRST)
    assert not world.rows(check.sql)
    for wrong in ((7, 3, 2, 1, 2, 1), (5, 3, 2, 1, 2, 1), (6, 3, 3, 1, 2, 1), (1, 1, 1, 0, 0, 0)):
        world.connection.execute(
            f"delete from marts.deliveries where feed = 'refunds'; insert into marts.deliveries (feed, landed_on, state, {counts}) "
            f"values ('refunds', '{FIRST}', 'ACCEPTED', {', '.join(str(count) for count in wrong)})"
        )
        assert len(world.rows(check.sql)) == 1, wrong
