"""The market by month and by rolling twelve months (rulebook 2.10): sums, shares, and the same period a year before.

Does not belong here: advertising (``test_advertising``).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from compiled.project import compiled_project
from compiled.records import Record, record
from compiled.world import World

Figures = dict[tuple[date, bool], tuple[Any, ...]]
LANDED = date(2025, 1, 1)


def order(name: str, paid_on: str, **cents: int) -> list[Record]:
    """An order paid on a day, with a line of each named shop."""
    paid_at = datetime.fromisoformat(paid_on).replace(hour=12, tzinfo=UTC)
    lines = [
        record("order_lines", LANDED, order_line_id=f"{name}-{shop}", order_id=name, seller_id=shop, quantity=2,
               original_amount_cents=amount)
        for shop, amount in cents.items()
    ]  # fmt: skip
    return [record("orders", LANDED, order_id=name, paid_at=paid_at), *lines]


def market(as_of: date, *records: list[Record]) -> World:
    """The market as of a day, of what landed long before."""
    world = World([row for rows in records for row in rows], project=compiled_project().upstream("market_monthly"))
    world.delivered_on("orders", as_of)
    world.build(as_of)
    return world


def figures(world: World, columns: str) -> Figures:
    """These columns by month and by whether it is a rolling year."""
    rows = world.rows(f"select month, is_rolling, {columns} from marts.market_monthly order by all")
    return {(month, is_rolling): tuple(values) for month, is_rolling, *values in rows}


def test_an_unfinished_month_is_compared_with_the_same_days() -> None:
    world = market(
        date(2026, 10, 15),
        order("1", "2025-10-14", A=100),
        order("2", "2025-10-15", A=100),
        order("3", "2025-10-16", A=700),
        order("4", "2026-10-01", A=300, B=300),
        order("5", "2026-10-15", A=1),
        order("6", "2026-10-16", A=9_000),  # paid after the as-of day
    )
    found = figures(
        world, "gross_cents, net_cents, units, orders, gross_yoy_bps, net_yoy_bps, units_yoy_bps, orders_yoy_bps"
    )
    # 601 of 200; 6 of 4 units; two orders of two, though one is of two shops.
    assert found[date(2026, 10, 1), False] == (601, 601, 6, 2, 30_050, 30_050, 15_000, 10_000)
    assert found[date(2025, 10, 1), False] == (900, 900, 6, 3, None, None, None, None)
    assert found[date(2025, 11, 1), False] == (0, 0, 0, 0, None, None, None, None)
    # November 2025 to October 2026; the rolling year before has no row of its own.
    assert found[date(2026, 10, 1), True] == (601, 601, 6, 2, None, None, None, None)
    assert {month for month, is_rolling in found if is_rolling} == {date(2026, 9, 1), date(2026, 10, 1)}
    assert len(found) == 13 + 2


def test_rolling_years_are_compared_once_the_earlier_one_has_a_row() -> None:
    world = market(
        date(2026, 10, 15),
        order("1", "2024-10-20", A=50),
        order("2", "2024-11-01", A=100),
        order("3", "2025-10-15", A=100),
        order("4", "2025-10-31", A=600),
        order("5", "2025-11-01", A=400),
    )
    found = figures(world, "net_cents, net_yoy_bps")
    # Through September 2026 700 + 400 - 700 = 400, a year before 250 - 100 = 150, which is the first rolling row.
    assert found[date(2025, 9, 1), True] == (150, None)
    assert found[date(2026, 8, 1), True] == (1_100, None), "the rolling year before begins before the first month"
    assert found[date(2026, 9, 1), True] == (1_100, 73_333)
    # November 2025 to 15 October 2026: 400; November 2024 to 15 October 2025: 200, without 31 October.
    assert found[date(2026, 10, 1), True] == (400, 20_000)


@pytest.mark.parametrize(
    ("as_of", "ratio"),
    [
        (date(2025, 2, 28), 5_000),  # all of February 2025 with all of February 2024, its 29th too: 100 of 200
        (date(2025, 2, 27), None),  # nothing was paid up to 27 February of either year
    ],
)
def test_a_whole_february_is_compared_with_a_whole_one(as_of: date, ratio: int | None) -> None:
    world = market(
        as_of, order("1", "2024-02-28", A=50), order("2", "2024-02-29", A=150), order("3", "2025-02-28", A=100)
    )
    assert figures(world, "net_yoy_bps")[date(2025, 2, 1), False] == (ratio,)


def test_shares_of_net() -> None:
    """900 of net: 600 small (after a refund of 300), 200 of a shop that became medium, 100 of one that nobody knows."""
    sizes = [("S", "SMALL", 1), ("M", "LARGE", 1), ("M", "MEDIUM", 2)]
    shops = [record("sellers", date(2025, 1, day), seller_id=shop, size_class=size) for shop, size, day in sizes]
    world = market(
        date(2025, 10, 31),
        shops,
        order("1", "2025-10-05", S=900, M=200, X=100),
        [record("refunds", LANDED, refund_id="R", order_line_id="1-S", order_id="1", amount_cents=300)],
        [record("attributions", LANDED, order_line_id="1-S", order_id="1", content_type="LIVE")],
        [record("attributions", LANDED, order_line_id="1-M", order_id="1", content_type="VIDEO", creator_id="C",
                target_collaboration_id="T")],
        [record("attributions", LANDED, order_line_id="1-X", order_id="1", content_type="VIDEO")],
    )  # fmt: skip
    shares = ", ".join(
        f"net_{name}_bps" for name in ("small", "medium", "large", "unknown", "live", "short_video", "affiliate")
    )
    assert figures(world, f"gross_cents, net_cents, {shares}") == {
        (date(2025, 10, 1), False): (1_200, 900, 6_666, 2_222, 0, 1_111, 6_666, 2_222, 2_222)
    }
