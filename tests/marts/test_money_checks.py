"""Each check on money sees a cent too much and one too few, an order too many, a day that is missing: it would stop the posting.

A check that sees nothing passes every run, and nobody misses it. Does not belong here: shared keys (``tests/landing``), or
what a failed check keeps a run from (``tests/dagster_ui``).
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from compiled.records import record
from compiled.world import World
from kept_marts.histories import DAYS, corners, sale

CUBES = {
    "shop_movements_equal_lines": ("movements.gmv_daily_movements", ("gross_cents", "net_cents", "units", "orders",
        "short_video_gross_cents", "short_video_net_cents", "affiliate_gross_cents", "affiliate_net_cents")),
    "creator_movements_equal_lines": ("movements.creator_gmv_daily_movements", ("gross_cents", "net_cents", "units",
        "short_video_gross_cents", "short_video_net_cents")),
    "content_movements_equal_lines": ("movements.content_gmv_daily_movements", ("gross_cents", "net_cents", "units", "orders",
        "short_video_gross_cents", "short_video_net_cents")),
    "marts_equal_movements": ("marts.gmv_daily", ("gross_cents", "net_cents", "units", "orders")),
    "partners_equal_shops_and_creators": ("marts.partner_gmv_daily", ("gross_cents", "net_cents", "units")),
}  # fmt: skip
"""Check → a relation that it holds to its lines or movements, and the figures that it looks at."""

OTHERS = [
    ("market_orders_equal_lines", "movements.market_order_movements", "orders"),
    ("matched_movements_equal_lines", "movements.matched_gmv_daily_movements", "gross_cents"),
    ("matched_movements_equal_lines", "movements.matched_gmv_daily_movements", "net_cents"),
    ("marts_equal_movements", "marts.creator_gmv_daily", "net_cents"),
    ("marts_equal_movements", "marts.partner_gmv_daily", "matched_net_cents"),
    ("rankings_equal_marts", "marts.seller_gmv_ranking", "net_cents"),
    ("rankings_equal_marts", "marts.creator_gmv_ranking", "gross_cents"),
    ("rankings_equal_marts", "marts.partner_gmv_ranking", "net_cents"),
]
FIGURES = [(check, relation, figure) for check, (relation, figures) in CUBES.items() for figure in figures]


@pytest.fixture(scope="module")
def world() -> World:
    """Shops, creators, contents and partners of every kind, in two runs; all checks pass."""
    matched = record("attributions", DAYS[1], order_line_id="9", content_type="VIDEO", creator_id="C1",
                     target_collaboration_id="T", matched_by_partner_id="P9")  # fmt: skip
    world = World([*corners(), *sale(DAYS[0], "9", "S1", None, None), matched])
    world.build(DAYS[0])
    world.build(DAYS[6], DAYS[0])
    return world


def failures(world: World, check: str, damage: str) -> int:
    """How many rows a check finds after some damage, which is undone."""
    (sql,) = [found.sql for found in world.project.checks if found.name == check]
    assert world.rows(sql) == []
    world.connection.execute("begin")
    try:
        world.connection.execute(damage)
        return len(world.rows(sql))
    finally:
        world.connection.execute("rollback")


@pytest.mark.parametrize("cents", ["1", "-1"])
@pytest.mark.parametrize(("check", "relation", "figure"), [*FIGURES, *OTHERS])
def test_a_cent_is_seen(world: World, check: str, relation: str, figure: str, cents: str) -> None:
    row = f"(select max(rowid) from {relation} where {looked_at(world, relation)})"
    assert failures(world, check, f"update {relation} set {figure} = {figure} + {cents} where rowid = {row}") > 0


def looked_at(world: World, relation: str) -> str:
    """Of movements those of the last run, of partners those of the shops and creators that they serve."""
    columns = {name for (name,) in world.rows(f"select column_name from (describe {relation})")}
    conditions = {"known_on": f"known_on > '{DAYS[0]}'", "service": "service <> 'MATCHED'"}
    return " and ".join(conditions[column] for column in columns & conditions.keys()) or "true"


@pytest.mark.parametrize("day", [DAYS[0], DAYS[3], DAYS[6]])
def test_a_day_that_no_movement_covers_is_seen(world: World, day: date) -> None:
    check = "movements_cover_every_day"
    assert failures(world, check, f"delete from movements.covered_days where known_on = '{day}'") == 1
    assert failures(world, check, f"insert into movements.covered_days values ('{day}')") == 1
    earlier = day - timedelta(1)
    if earlier in DAYS:
        assert (
            failures(world, check, f"update movements.covered_days set known_on = '{earlier}' where known_on = '{day}'")
            == 1
        )


@pytest.mark.parametrize(
    "counts", ["delivered", "delivered, good", "delivered, good, accepted", "good", "overtaken", "repeats"]
)
def test_a_row_that_was_lost_is_seen(world: World, counts: str) -> None:
    """Of a day of this run each time; of an earlier one, whose rows are not counted any more, where its counts disagree."""
    lost = ", ".join(f"{count} = {count} + 1" for count in counts.split(", "))
    for day in (DAYS[0], DAYS[4]):
        found = failures(world, "deliveries_add_up", f"update marts.deliveries set {lost} where landed_on = '{day}'")
        assert (found > 0) == (day != DAYS[0] or counts != "delivered, good, accepted")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_days_cut_in_another_time_zone_are_seen(world: World, zone: str) -> None:
    try:
        assert failures(world, "days_are_in_the_business_time_zone", f"set TimeZone = '{zone}'") == 1
    finally:
        world.connection.execute(f"set TimeZone = '{world.time_zone}'")
