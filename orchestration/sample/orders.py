"""The orders and lines paid on one day, and the versions in which they land.

Everything follows from (seed, day). Does not belong here: attributions, refunds and corrections, which are drawn on
top of the lines, and the season (``demand``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import polars as pl

from orchestration.sample import identifiers
from orchestration.sample.draws import DAY, SECOND, Flags, Floats, Ints, Topic, below, normal, picked, stream
from orchestration.sample.population import RECALLED_PRODUCT, RECALLED_SELLER, Population
from orchestration.sample.referrals import Purchase

# Buyers are awake in America: the evening there is the night in UTC. Weights of the 24 UTC hours.
_HOURS = np.array([9, 9, 8, 7, 5, 3, 2, 1, 1, 1, 1, 1, 2, 3, 4, 4, 5, 5, 5, 5, 5, 6, 7, 8], dtype=np.float64)
_LATE_HOUR = 22
_PRODUCTS = 60
_NORMALS = 4_096
_LITTLE_PRICE_CENTS = 399


class Fate(IntEnum):
    """What becomes of an order."""

    DELIVERED = 0
    CANCELLED = 1
    NEVER_PAID = 2


class Arrival(IntEnum):
    """Whether an order lands: a few never do, and a few land only broken."""

    LANDS = 0
    NEVER = 1
    BROKEN = 2


@dataclass(frozen=True)
class Orders:
    """One entry an order. Times are UTC microseconds; ``buyer`` is a member's number, ``landed_on`` a day number."""

    day: int
    index: Ints
    order_id: Ints
    buyer: Ints
    purchase: Ints
    fate: Ints
    arrival: Ints
    special: Ints
    created_at: Ints
    paid_at: Ints
    ended_at: Ints
    landed_on: Ints
    is_late_parent: Flags


@dataclass(frozen=True)
class Lines:
    """One entry a line; ``order`` is the place of its order in ``Orders``. Money in cents."""

    order: Ints
    line_id: Ints
    seller: Ints
    product: Ints
    quantity: Ints
    original: Ints
    seller_discount: Ints
    platform_discount: Ints
    is_gift: Flags


def draw_orders(day: int, count: int, first_index: int, members: int, planned: tuple[Ints, Ints], seed: int) -> Orders:
    """The ``count`` orders of a day. ``planned`` buyers and their kinds of purchase take some of them, where there
    are enough; the others are of the first ``members`` members, old ones more often.
    """
    generator = stream(seed, Topic.ORDERS, day)
    index = np.arange(first_index, first_index + count, dtype=np.int64)
    paid_at = day * DAY + np.sort(_seconds(generator, count)) * SECOND
    buyer = np.floor(members * generator.random(count) ** 1.6).astype(np.int64)
    purchase = np.full(count, -1, dtype=np.int64)
    buyers, kinds = planned[0][:count], planned[1][:count]
    places = generator.permutation(count)[: len(buyers)]
    buyer[places], purchase[places] = buyers, kinds
    ordinary = purchase < 0
    fate = np.where(ordinary, picked(generator, {0: 0.967, 1: 0.025, 2: 0.008}, count), int(Fate.DELIVERED))
    arrival = np.where(ordinary, picked(generator, {0: 0.9995, 1: 0.00025, 2: 0.00025}, count), 0)
    special = np.where(ordinary, picked(generator, {0: 0.98, 1: 0.009, 2: 0.006, 3: 0.005}, count), 0)
    waited = 1 + np.floor(generator.exponential(180, count)).astype(np.int64)
    late = (paid_at % DAY >= _LATE_HOUR * 3_600 * SECOND) & (generator.random(count) < 0.6)
    return Orders(
        day=day,
        index=index,
        order_id=identifiers.order_ids(index),
        buyer=buyer,
        purchase=purchase,
        fate=fate,
        arrival=arrival,
        special=special,
        created_at=paid_at - waited * SECOND,
        paid_at=paid_at,
        ended_at=_ended_at(generator, paid_at, fate),
        landed_on=day + late.astype(np.int64),
        is_late_parent=generator.random(count) < 0.002,
    )


def draw_lines(orders: Orders, population: Population, seed: int) -> Lines:
    """One to four lines an order, mostly of one shop; prices in real cents."""
    generator = stream(seed, Topic.LINES, orders.day)
    numbers = 1 + picked(generator, {1: 0.38, 2: 0.34, 3: 0.18, 4: 0.10}, len(orders.index))
    numbers[orders.purchase == Purchase.LITTLE] = 1
    order = np.repeat(np.arange(len(numbers), dtype=np.int64), numbers)
    first = np.repeat(np.cumsum(numbers) - numbers, numbers)
    number = np.arange(len(order), dtype=np.int64) - first
    drawn = np.searchsorted(population.shares_through(orders.day), generator.random(len(order)), side="right")
    seller = np.where(generator.random(len(order)) < 0.8, drawn[first], drawn).astype(np.int64)
    product = np.floor(_PRODUCTS * generator.random(len(order)) ** 2.5).astype(np.int64)
    flagship = (seller == RECALLED_SELLER) & (generator.random(len(order)) < 0.8)
    product = np.where(flagship, RECALLED_PRODUCT, product)
    quantity = 1 + picked(generator, {1: 0.80, 2: 0.13, 3: 0.05, 4: 0.02}, len(order))
    price = _prices(seller, product, population)
    little = (orders.purchase == Purchase.LITTLE)[order]
    quantity, price = np.where(little, 1, quantity), np.where(little, _LITTLE_PRICE_CENTS, price)
    original = quantity * price
    return Lines(
        order=order,
        line_id=identifiers.line_ids(orders.index[order], number),
        seller=seller,
        product=product,
        quantity=quantity,
        original=original,
        seller_discount=_discount(generator, original, 0.35, 5, 30),
        platform_discount=_discount(generator, original, 0.25, 3, 15),
        is_gift=(generator.random(len(order)) < 0.008) & (number > 0),
    )


def order_versions(orders: Orders) -> pl.DataFrame:
    """Orders as they land: the first version, then delivered or cancelled; one in thirty is completed later."""
    first = _first_versions(orders)
    ended = pl.col("ended_at")
    cancelled = pl.col("fate") != int(Fate.DELIVERED)
    second = first.with_columns(
        pl.when(cancelled).then(pl.lit("CANCELLED")).otherwise(pl.lit("DELIVERED")).alias("status"),
        pl.when(~cancelled).then(ended).alias("delivered_at"),
        pl.when(cancelled).then(ended).alias("cancelled_at"),
        ended.alias("updated_at"),
        (ended // DAY).alias("landed_on"),
    )
    closed = pl.col("delivered_at") + 14 * DAY
    third = second.filter(~cancelled & (pl.col("index") % 30 == 0)).with_columns(
        pl.lit("COMPLETED").alias("status"),
        closed.alias("completed_at"),
        closed.alias("updated_at"),
        (closed // DAY).alias("landed_on"),
    )
    return pl.concat([first, second, third]).drop("fate", "index", "ended_at")


def line_rows(orders: Orders, lines: Lines) -> pl.DataFrame:
    """Lines as they land, first versions: with their order, or before it where that is late."""
    return pl.DataFrame(
        {
            "order_line_id": lines.line_id,
            "order_id": orders.order_id[lines.order],
            "seller_id": identifiers.seller_ids(lines.seller),
            "product_id": identifiers.product_ids(lines.seller, lines.product),
            "quantity": lines.quantity,
            "original_amount": lines.original,
            "seller_discount": lines.seller_discount,
            "platform_discount": lines.platform_discount,
            "is_gift": lines.is_gift,
            "updated_at": orders.created_at[lines.order],
            "landed_on": orders.landed_on[lines.order],
        }
    )


def _first_versions(orders: Orders) -> pl.DataFrame:
    paid = orders.fate != Fate.NEVER_PAID
    lateness = np.where(orders.is_late_parent, 1 + below(orders.index, 51, 2), 0)
    unknown = pl.lit(None, dtype=pl.Int64)
    frame = pl.DataFrame(
        {
            "order_id": orders.order_id,
            "buyer_id": identifiers.member_ids(orders.buyer),
            "created_at": orders.created_at,
            "paid_at": orders.paid_at,
            "is_sample": orders.special == 1,
            "is_replacement": orders.special == 2,
            "is_exchange": orders.special == 3,
            "updated_at": orders.paid_at,
            "landed_on": orders.landed_on + lateness,
            "arrival": orders.arrival,
            "fate": orders.fate,
            "index": orders.index,
            "ended_at": orders.ended_at,
            "paid": paid,
        }
    )
    return frame.with_columns(
        pl.when("paid").then(pl.lit("AWAITING_SHIPMENT")).otherwise(pl.lit("UNPAID")).alias("status"),
        pl.when("paid").then("paid_at").alias("paid_at"),
        unknown.alias("delivered_at"),
        unknown.alias("completed_at"),
        unknown.alias("cancelled_at"),
        pl.lit("USD").alias("currency"),
    ).drop("paid")


def _seconds(generator: np.random.Generator, count: int) -> Ints:
    """Seconds of the day, by the hours' weights."""
    hours = np.concatenate([[0.0], np.cumsum(_HOURS / _HOURS.sum())])
    seconds = np.interp(generator.random(count), hours, np.arange(25) * 3_600.0)
    whole: Ints = np.minimum(np.floor(seconds), 86_399).astype(np.int64)
    return whole


def _ended_at(generator: np.random.Generator, paid_at: Ints, fate: Ints) -> Ints:
    """Delivered three to seven days after payment; cancelled within two, unpaid after two."""
    hours = 72 + 96 * generator.random(len(paid_at)) ** 1.3
    hours = np.where(fate == Fate.CANCELLED, 1 + hours % 47, hours)
    hours = np.where(fate == Fate.NEVER_PAID, 48.0, hours)
    return paid_at + np.floor(hours * 3_600).astype(np.int64) * SECOND


def _prices(seller: Ints, product: Ints, population: Population) -> Ints:
    """Cents: the shop's level times a log-normal spread over its products, mostly ending in 99 or 95."""
    table: Floats = np.exp(0.45 * normal(np.arange(_NORMALS, dtype=np.int64), 52))
    key = seller * 1_000 + product
    spread = np.where(product == RECALLED_PRODUCT, 1.0, table[below(key, 53, _NORMALS)])
    cents = np.rint(population.price_cents[seller] * spread).astype(np.int64)
    ending = np.array([99, 99, 99, 95, 0, -1, -1, 49], dtype=np.int64)[below(key, 54, 8)]
    return np.maximum(np.where(ending < 0, cents, cents // 100 * 100 + ending), 199)


def _discount(generator: np.random.Generator, original: Ints, share: float, lowest: int, highest: int) -> Ints:
    """Cents off, ``lowest`` to ``highest`` - 1 percent of the line, for a share of the lines."""
    percent = generator.integers(lowest, highest, len(original))
    return np.asarray(np.where(generator.random(len(original)) < share, original * percent // 100, 0), dtype=np.int64)
