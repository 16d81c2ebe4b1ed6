"""An extract that was cut off at both ends as deliveries: the heads of Olist's files, so that most lines have no order.

Stand-ins as for the whole tables (``real_orders.olist``), and two more: the person is customer_id, since most customers are cut
off too, and a line was known when it had to be shipped, the one time that it has. Customers have no time of signing up, so they
are no members. Three exports brought it. Does not belong here: how many records wait (``test_truncated_extract`` counts them by
itself).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from deployment import Deployment
from real_orders import olist

EXPORTS = (date(2018, 8, 30), date(2018, 8, 31), date(2018, 9, 21))
"""Two on consecutive days, so that a day tells their ages apart, and one after the last purchase."""


def exported_on(time: datetime) -> date | None:
    """The first export after that time; None where it is past them all."""
    return next((day for day in EXPORTS if time.astimezone(UTC).date() <= day), None)


def land(folder: Path, deployment: Deployment) -> None:
    """Delivers orders, lines and sellers."""
    orders = [olist.Order.of(row) for row in olist.table(folder, "olist_orders_dataset")]
    items = olist.table(folder, "olist_order_items_dataset")
    shops = olist.table(folder, "olist_sellers_dataset")
    olist.deliver(deployment, "orders", olist.ORDERS, _orders(orders))
    olist.deliver(deployment, "order_lines", olist.LINES, _lines(items))
    olist.deliver(deployment, "sellers", olist.SELLERS, olist.sellers(shops, EXPORTS[0]))


def _orders(orders: Iterable[olist.Order]) -> Iterator[tuple[date, str]]:
    for order in orders:
        for time in order.events:
            day = exported_on(time)
            if day is not None:
                yield day, order.version_at(time, order.customer_id)


def _lines(items: Iterable[dict[str, str]]) -> Iterator[tuple[date, str]]:
    for item in items:
        time = olist.local(item["shipping_limit_date"])
        assert time is not None
        day = exported_on(time)
        assert day is not None
        yield day, olist.line(item, time)
