"""What the SQL made of a world, in the shapes of the plain model, as known on any day.

Does not belong here: the plain model, or a world.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from compiled.world import World

from brute_force.knowledge import Knowledge
from brute_force.measures import Cube, creator_gmv_daily, gmv_daily, lines_as_known, market_orders, partner_gmv_daily
from brute_force.programs import all_awards

PARTNER_FIGURES = (
    "gross_cents", "net_cents", "short_video_gross_cents", "short_video_net_cents", "live_gross_cents", "live_net_cents",
    "affiliate_gross_cents", "affiliate_net_cents", "matched_gross_cents", "matched_net_cents", "units",
)  # fmt: skip
CUBES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "gmv_daily_movements": (
        ("gmv_date", "seller_id", "content_type"),
        ("gross_cents", "net_cents", "units", "orders"),
    ),
    "market_order_movements": (("gmv_date",), ("orders",)),
    "creator_gmv_daily_movements": (
        ("gmv_date", "creator_id", "content_type"),
        ("gross_cents", "net_cents", "units"),
    ),
    "partner_gmv_daily_movements": (("gmv_date", "partner_id", "service"), PARTNER_FIGURES),
}
"""The movements, with the columns of their keys and of their figures."""


def as_known(world: World, movements: str, known_on: date) -> Cube:
    """The sums of movements known by the day, without keys whose figures are all 0."""
    keys, figures = CUBES[movements]
    sums = ", ".join(f"cast(sum({figure}) as bigint)" for figure in figures)
    rows = world.rows(
        f"select {', '.join(keys)}, {sums} from movements.{movements} where known_on <= '{known_on}' group by all"
    )
    return {row[: len(keys)]: row[len(keys) :] for row in rows if any(row[len(keys) :])}


def expected(knowledge: Knowledge, known_on: date) -> dict[str, Cube]:
    """The same cubes by the plain model."""
    lines = lines_as_known(knowledge, known_on)
    return {
        "gmv_daily_movements": gmv_daily(lines),
        "market_order_movements": market_orders(lines),
        "creator_gmv_daily_movements": creator_gmv_daily(lines),
        "partner_gmv_daily_movements": partner_gmv_daily(knowledge, known_on),
    }


def assert_measures_equal(world: World, knowledge: Knowledge, known_on: date) -> None:
    """Every cube as known on the day is that of the plain model."""
    for movements, cube in expected(knowledge, known_on).items():
        assert as_known(world, movements, known_on) == cube, f"{movements} as known on {known_on}"


def awards(world: World) -> list[tuple[Any, ...]]:
    """The awards in the world as the plain model writes them."""
    return world.rows(
        "select program_id, period, beneficiary_type, beneficiary_id, subject_id, component, instrument, stage, "
        "terms_version, amount_cents from awards.incentive_awards order by all"
    )


def assert_awards_equal(world: World, knowledge: Knowledge, as_of: date) -> None:
    """The awards as of the day that was built last are those of the plain model."""
    assert sorted(awards(world)) == all_awards(list(world.programs), knowledge, as_of), f"awards as of {as_of}"
