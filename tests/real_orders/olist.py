"""Real marketplace orders as deliveries: the adapter from Olist's tables to the landing contract.

Stand-ins, since the source lacks them: BRL counts as USD, each order item is a line of quantity 1, the person is
customer_unique_id, every seller's size is SMALL, and a cancelled order was cancelled when it should have arrived. The naive times
are local Brazilian ones. Does not belong here: what follows from the orders (``test_real_orders`` works that out by itself).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from deployment import Deployment

TIME_ZONE = "America/Sao_Paulo"
BULK_DAY = date(2018, 8, 13)
"""The first delivery: all history up to it. A partition a day of two years would take minutes."""
LAST_DAY = date(2018, 9, 2)
"""Of what came after it, an unpaid order without items, nothing is delivered."""

ORDERS = (
    "order_id,buyer_id,status,created_at,paid_at,delivered_at,completed_at,cancelled_at,currency,"
    "is_sample,is_replacement,is_exchange,updated_at"
)
LINES = (
    "order_line_id,order_id,seller_id,product_id,quantity,original_amount,seller_discount,platform_discount,"
    "is_gift,updated_at"
)
_MEMBERS = "member_id,signed_up_at,country,is_employee,device_hash,payment_hash,updated_at"
SELLERS = "seller_id,name,size_class,onboarded_at,payee_id,tax_form_on_file,updated_at"


def local(text: str) -> datetime | None:
    """A time of the source, which stands there without its zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(TIME_ZONE)) if text else None


@dataclass(frozen=True)
class Order:
    """An order of the source, and when each thing about it was known."""

    order_id: str
    customer_id: str
    order_status: str
    purchased: datetime
    approved: datetime | None
    handed_over: datetime | None
    delivered: datetime | None
    expected: datetime

    @classmethod
    def of(cls, row: dict[str, str]) -> Order:
        """An order from a row of orders.csv."""
        purchased, expected = local(row["order_purchase_timestamp"]), local(row["order_estimated_delivery_date"])
        assert purchased is not None and expected is not None
        return cls(
            row["order_id"],
            row["customer_id"],
            row["order_status"],
            purchased,
            local(row["order_approved_at"]),
            local(row["order_delivered_carrier_date"]),
            local(row["order_delivered_customer_date"]),
            expected,
        )

    @cached_property
    def events(self) -> list[datetime]:
        """The times at which a version of the order came to be, in order; some were handed over before the purchase."""
        later = (self.approved, self.handed_over, self.delivered)
        events = sorted({self.purchased, *(max(time, self.purchased) for time in later if time is not None)})
        return [*events, max(self.expected, events[-1])] if self.order_status == "canceled" else events

    @property
    def cancelled(self) -> datetime | None:
        """When it was cancelled."""
        return self.events[-1] if self.order_status == "canceled" else None

    def status_at(self, time: datetime) -> str:
        """The contract's status of the version of that time."""

        def has(event: datetime | None) -> bool:
            return event is not None and event <= time

        if has(self.cancelled):
            return "CANCELLED"
        if time == self.events[-1] and self.order_status == "unavailable":
            return "ON_HOLD"
        if has(self.delivered) or (time == self.events[-1] and self.order_status == "delivered"):
            return "DELIVERED"
        if has(self.handed_over):
            return "IN_TRANSIT"
        return "AWAITING_SHIPMENT" if has(self.approved) else "UNPAID"

    def version_at(self, time: datetime, buyer_id: str) -> str:
        """The row of orders of that time."""

        def known(event: datetime | None) -> str:
            return event.isoformat() if event is not None and event <= time else ""

        times = f"{known(self.purchased)},{known(self.approved)},{known(self.delivered)},,{known(self.cancelled)}"
        return f"{self.order_id},{buyer_id},{self.status_at(time)},{times},USD,false,false,false,{time.isoformat()}"


def landed_on(time: datetime) -> date:
    """The delivery that brings what happened then: its UTC day, or the first delivery."""
    return max(BULK_DAY, time.astimezone(UTC).date())


def table(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of one CSV file of the source."""
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def land(folder: Path, deployment: Deployment, withheld: frozenset[str], late: frozenset[str]) -> None:
    """Delivers everything; of ``withheld`` orders only the lines, and those of ``late`` with the last delivery."""
    orders = [Order.of(row) for row in table(folder, "orders")]
    persons = {row["customer_id"]: row["customer_unique_id"] for row in table(folder, "customers")}
    feeds = {
        "orders": (ORDERS, _orders(orders, persons, withheld, late)),
        "order_lines": (LINES, _lines(table(folder, "order_items"), orders)),
        "members": (_MEMBERS, _members(orders, persons)),
        "sellers": (SELLERS, sellers(table(folder, "sellers"), BULK_DAY)),
    }
    for feed, (header, rows) in feeds.items():
        deliver(deployment, feed, header, rows)


def deliver(deployment: Deployment, feed: str, header: str, rows: Iterable[tuple[date, str]]) -> None:
    """Puts each row into the delivery of its day."""
    by_day: dict[date, list[str]] = defaultdict(list)
    for day, row in rows:
        by_day[day].append(row)
    for day, lines in by_day.items():
        deployment.put(feed, day.isoformat(), "\n".join([header, *lines, ""]))


def _orders(
    orders: Iterable[Order], persons: dict[str, str], withheld: frozenset[str], late: frozenset[str]
) -> Iterator[tuple[date, str]]:
    for order in orders:
        if order.order_id in withheld - late:
            continue
        for time in order.events:
            day = LAST_DAY if order.order_id in late else landed_on(time)
            if day <= LAST_DAY:
                yield day, order.version_at(time, persons[order.customer_id])


def _lines(items: Iterable[dict[str, str]], orders: Iterable[Order]) -> Iterator[tuple[date, str]]:
    purchased = {order.order_id: order.purchased for order in orders}
    for item in items:
        time = purchased[item["order_id"]]
        yield landed_on(time), line(item, time)


def line(item: dict[str, str], time: datetime) -> str:
    """The row of order_lines of an order item, as known at that time."""
    line_id = f"{item['order_id']}-{item['order_item_id']}"
    amounts = f"1,{item['price']},0,0,false"
    return f"{line_id},{item['order_id']},{item['seller_id']},{item['product_id']},{amounts},{time.isoformat()}"


def _members(orders: Iterable[Order], persons: dict[str, str]) -> Iterator[tuple[date, str]]:
    first: dict[str, datetime] = {}
    for order in orders:
        person = persons[order.customer_id]
        first[person] = min(order.purchased, first.get(person, order.purchased))
    for person, time in first.items():
        yield landed_on(time), f"{person},{time.isoformat()},BR,false,,,{time.isoformat()}"


def sellers(shops: Iterable[dict[str, str]], day: date) -> Iterator[tuple[date, str]]:
    """The rows of sellers, delivered on that day."""
    since = "2016-01-01T00:00:00Z"
    for seller in shops:
        name = f"shop in {seller['seller_state']}"
        yield day, f"{seller['seller_id']},{name},SMALL,{since},,false,{since}"
