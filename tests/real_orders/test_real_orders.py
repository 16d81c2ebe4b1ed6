"""Real orders through the real command: GMV by day, seller and month is what the source's own files sum to, to the cent.

The sums are made here from the CSV files, with Decimal and naive local dates, without the adapter's times or the pipeline.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import olist
import pytest
from deployment import Deployment


@dataclass(frozen=True)
class Item:
    """An order item of the source with what its order says: the local day on which it was paid, if it was."""

    line_id: str
    order_id: str
    seller_id: str
    price: Decimal
    paid_on: date | None
    is_cancelled: bool


@dataclass(frozen=True)
class Market:
    """The deployment after both runs, the source's items, and the orders that were kept back."""

    deployment: Deployment
    items: tuple[Item, ...]
    missing: frozenset[str]
    first_run: list[tuple]
    waiting_after_first_run: int


@pytest.fixture(scope="session")
def source(real_data: Callable[[str], Path]) -> Path:
    """The folder of real orders."""
    return real_data("olist") / "sample_consistent"


def items_of(folder: Path) -> tuple[Item, ...]:
    """Every order item, as the source's files have it."""
    orders = {row["order_id"]: row for row in olist.table(folder, "orders")}
    found = []
    for row in olist.table(folder, "order_items"):
        order = orders[row["order_id"]]
        paid = order["order_approved_at"][:10]
        found.append(
            Item(
                f"{row['order_id']}-{row['order_item_id']}",
                row["order_id"],
                row["seller_id"],
                Decimal(row["price"]),
                date.fromisoformat(paid) if paid else None,
                order["order_status"] == "canceled",
            )
        )
    return tuple(found)


@pytest.fixture(scope="session")
def market(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Market:
    """Two runs: history up to the first delivery, then three weeks of daily deliveries in one range."""
    items = items_of(source)
    withheld = sorted({item.order_id for item in items})[::40]
    late = frozenset(withheld[::2])
    deployment = Deployment(tmp_path_factory.mktemp("olist") / "deployment", {"INCENTIVES_TIMEZONE": olist.TIME_ZONE})
    olist.land(source, deployment, frozenset(withheld), late)
    deployment.ship()
    deployment.run(olist.BULK_DAY.isoformat())
    first_run = deployment.rows(
        "select gmv_date, sum(gross_usd), sum(net_usd) from gmv_daily group by all order by all"
    )
    [(waiting,)] = deployment.rows("select count(*) from waiting_records")
    deployment.run(olist.LAST_DAY.isoformat())
    return Market(deployment, items, frozenset(withheld) - late, first_run, waiting)


def sums(items: list[Item], key: Callable[[Item], Hashable]) -> dict[Hashable, tuple[Decimal, Decimal, int, int]]:
    """Gross, net, units and distinct orders of paid items by a key."""
    groups: dict[Hashable, list[Item]] = defaultdict(list)
    for item in items:
        if item.paid_on is not None:
            groups[key(item)].append(item)
    return {
        name: (
            sum((item.price for item in group), Decimal(0)),
            sum((item.price for item in group if not item.is_cancelled), Decimal(0)),
            len(group),
            len({item.order_id for item in group}),
        )
        for name, group in groups.items()
    }


def landed(market: Market) -> list[Item]:
    """The items whose orders were delivered in the end."""
    return [item for item in market.items if item.order_id not in market.missing]


def test_gmv_of_each_day(market: Market) -> None:
    served = market.deployment.rows(
        "select gmv_date, sum(gross_usd), sum(net_usd), sum(units) from gmv_daily group by all"
    )
    expected = sums(landed(market), lambda item: item.paid_on)
    assert len(expected) > 500
    assert {day: tuple(figures) for day, *figures in served} == {day: of[:3] for day, of in expected.items()}


def test_gmv_of_each_seller_and_day(market: Market) -> None:
    served = market.deployment.rows("select gmv_date, seller_id, gross_usd, net_usd, units, orders from gmv_daily")
    expected = sums(landed(market), lambda item: (item.paid_on, item.seller_id))
    assert len(expected) > 3_000
    assert {(day, seller): tuple(figures) for day, seller, *figures in served} == expected


def test_gmv_of_each_seller(market: Market) -> None:
    served = market.deployment.rows(
        "select seller_id, sum(gross_usd), sum(net_usd), sum(units) from gmv_daily group by all"
    )
    expected = sums(landed(market), lambda item: item.seller_id)
    assert {seller: tuple(figures) for seller, *figures in served} == {
        seller: of[:3] for seller, of in expected.items()
    }


def test_gmv_of_each_month(market: Market) -> None:
    months = market.deployment.rows(
        "select month, gross_usd, net_usd, units, orders from market_monthly where not is_rolling and units > 0"
    )
    expected = sums(landed(market), lambda item: item.paid_on and item.paid_on.replace(day=1))
    assert len(expected) > 20
    assert {month: tuple(figures) for month, *figures in months} == expected


def test_sellers_of_a_month_rank_by_what_they_sold(market: Market) -> None:
    served = market.deployment.rows(
        "select rank, seller_id, net_usd from seller_gmv_ranking where month = '2017-11-01' and rank <= 10 order by rank"
    )
    november = [
        item for item in landed(market) if item.paid_on and (item.paid_on.year, item.paid_on.month) == (2017, 11)
    ]
    by_seller = sums(november, lambda item: item.seller_id)
    assert [net for _, _, net in served] == sorted((of[1] for of in by_seller.values()), reverse=True)[:10]
    assert all(by_seller[seller][1] == net for _, seller, net in served)


def test_what_was_known_on_the_day_of_the_first_delivery_is_what_its_run_served(market: Market) -> None:
    as_known = market.deployment.rows(
        f"""select gmv_date, sum(gross_usd), sum(net_usd) from gmv_daily_as_known('{olist.BULK_DAY}')
        group by all order by all"""
    )
    assert as_known == market.first_run
    assert max(day for day, _, _ in as_known) <= olist.BULK_DAY
    now = {
        day: tuple(figures)
        for day, *figures in market.deployment.rows(
            "select gmv_date, sum(gross_usd), sum(net_usd) from gmv_daily group by all"
        )
    }
    assert any(now[day][0] > gross for day, gross, _ in as_known), "an order that came late adds to its day"
    assert any(now[day][1] < net for day, _, net in as_known), "a cancellation takes from its day"


def test_lines_whose_order_never_landed_wait_and_count_nowhere(market: Market) -> None:
    waiting = market.deployment.rows("select feed, record_id, parent_id, reason, age_days from waiting_records")
    missing = [item for item in market.items if item.order_id in market.missing]
    assert len(missing) > 40
    assert {(feed, line, order) for feed, line, order, _, _ in waiting} == {
        ("order_lines", item.line_id, item.order_id) for item in missing
    }
    assert {(reason, age > 90) for *_, reason, age in waiting} == {("WAITING", False)}
    assert market.waiting_after_first_run > len(missing)


def test_all_rows_are_accepted_and_all_is_verified(market: Market) -> None:
    counts = market.deployment.rows("select feed, sum(delivered), sum(quarantined) from deliveries group by all")
    delivered = {feed: count for feed, count, _ in counts}
    assert {quarantined for _, _, quarantined in counts} == {0}
    assert delivered["order_lines"] == len(market.items)
    assert market.deployment.incentives("verify").code == 0
