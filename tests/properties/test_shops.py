"""Shops: the figures of two of them never mix, wherever they are summed.

Does not belong here: who serves a shop (``test_changing_partners``).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from compiled.project import compiled_project
from compiled.records import Record
from compiled.world import World
from hypothesis import given

from properties.effort import tried_on
from properties.worlds import DAYS, SELLERS, TIME_ZONES, worlds

BY_SHOP = ("movements.gmv_daily_movements", "marts.gmv_daily")
BY_OTHERS = (
    "movements.creator_gmv_daily_movements", "movements.partner_gmv_daily_movements",
    "movements.matched_gmv_daily_movements", "movements.content_gmv_daily_movements", "marts.creator_gmv_daily",
    "marts.partner_gmv_daily",
)  # fmt: skip
MARKET = "select coalesce(sum(gross_cents), 0), coalesce(sum(net_cents), 0), coalesce(sum(units), 0) from "


def of_one_shop_each(records: list[Record]) -> list[Record]:
    """The same world in which no line ever moves to another shop."""
    shops: dict[str, str] = {}
    return [
        Record(
            row.feed, row.values | {"seller_id": shops.setdefault(row.values["order_line_id"], row.values["seller_id"])}
        )
        if row.feed == "order_lines"
        else row
        for row in records
    ]


def summed(relation: str, *worlds: World) -> Counter[tuple[Any, ...]]:
    """A relation's cents and units by all its keys, over worlds; distinct orders are not for summing."""
    sums: Counter[tuple[Any, ...]] = Counter()
    for world in worlds:
        cursor = world.connection.execute(f"from {relation}")
        names = [name for name, *_ in cursor.description or ()]
        for row in cursor.fetchall():
            named = list(zip(names, row, strict=True))
            key = tuple(value for name, value in named if not _is_figure(name) and name != "orders")
            sums.update({(*key, name): value for name, value in named if _is_figure(name)})
    return Counter({key: value for key, value in sums.items() if value})


def _is_figure(name: str) -> bool:
    return name.endswith("_cents") or name == "units"


@tried_on(4)
@given(worlds(), TIME_ZONES)
def test_figures_of_two_shops_never_mix(records: list[Record], time_zone: str) -> None:
    """Each shop's figures are those of a world without the other one; creators, partners and market are sums over both."""
    records = of_one_shop_each(records)
    project = compiled_project().upstream(
        "market_monthly", *(relation.split(".")[1] for relation in (*BY_SHOP, *BY_OTHERS))
    )
    together = World(records, (), time_zone, project)
    alone = {
        shop: World(
            [row for row in records if row.feed != "order_lines" or row.values["seller_id"] == shop],
            (), time_zone, project,
        )
        for shop in SELLERS
    }  # fmt: skip
    for world in (together, *alone.values()):
        world.build(DAYS[-1])
    for relation in BY_SHOP:
        for shop, world in alone.items():
            own = f"from {relation} where seller_id = '{shop}' order by all"
            assert together.rows(own) == world.rows(own) == world.rows(f"from {relation} order by all"), relation
    for relation in BY_OTHERS:
        assert summed(relation, together) == summed(relation, *alone.values()), relation
    months = together.rows(MARKET + "marts.market_monthly where not is_rolling")
    assert months == together.rows(MARKET + f"marts.gmv_daily where gmv_date <= '{DAYS[-1]}'")
