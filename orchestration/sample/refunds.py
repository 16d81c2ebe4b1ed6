"""What is given back of the lines paid on one day, whenever it lands: soon, late, charged back, or recalled.

Drawn with the paid day, so that no later day has to look for its lines. Does not belong here: cancelled orders,
which reverse their lines by their status (``orders``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.sample import identifiers
from orchestration.sample.draws import DAY, SECOND, Flags, Ints, Topic, picked, stream
from orchestration.sample.orders import Fate, Lines, Orders
from orchestration.sample.population import RECALL_DAYS, RECALL_PAID_DAYS, RECALLED_PRODUCT, RECALLED_SELLER
from orchestration.sample.referrals import Purchase

_SHARE = 0.06
_RECALLED_SHARE = 0.9
_KINDS = {"RETURN": 0.45, "REFUND": 0.45, "CANCEL": 0.10}


@dataclass(frozen=True)
class _Returned:
    """One entry a refunded line: its place in ``Lines`` and when the money goes back (UTC microseconds)."""

    line: Ints
    completed_at: Ints
    is_recalled: Flags
    is_bound: Flags


def refund_versions(orders: Orders, lines: Lines, seed: int) -> pl.DataFrame:
    """One row a refund and version: half are REQUESTED first, one in sixteen is REJECTED, and one in thirty is
    superseded by a CHARGEBACK of the whole line ten to twenty-four days later.
    """
    generator = stream(seed, Topic.REFUNDS, orders.day)
    returned = _returned(orders, lines, generator)
    first = _first_refunds(orders, lines, returned, generator)
    count = len(first)
    may_fail = ~returned.is_recalled & ~returned.is_bound
    rejected = pl.Series((generator.random(count) < 1 / 16) & may_fail)
    settled = first.with_columns(
        pl.when(rejected).then(pl.lit("REJECTED")).otherwise(pl.lit("COMPLETED")).alias("status"),
        pl.when(~rejected).then("completed_at").alias("completed_at"),
    )
    asked = pl.Series(generator.integers(1, 4, count) * DAY)
    requested = first.with_columns(
        pl.lit("REQUESTED").alias("status"),
        pl.lit(None, dtype=pl.Int64).alias("completed_at"),
        pl.max_horizontal(pl.col("updated_at") - asked, pl.col("paid_at")).alias("updated_at"),
    ).filter(pl.Series(generator.random(count) < 0.5))
    charged = settled.filter(~rejected & pl.Series((generator.random(count) < 1 / 30) & ~returned.is_recalled))
    versions = pl.concat([requested, settled, _chargebacks(charged, generator)])
    return versions.drop("whole", "line_discount", "paid_at").with_columns(
        (pl.col("updated_at") // DAY).alias("landed_on")
    )


def _chargebacks(charged: pl.DataFrame, generator: np.random.Generator) -> pl.DataFrame:
    """For each completed refund the one that takes its place: the whole line, by the buyer's bank."""
    back = pl.col("completed_at") + pl.Series(generator.integers(10, 25, len(charged)) * DAY)
    return charged.with_columns(
        pl.Series("refund_id", identifiers.refund_ids(charged["order_line_id"].to_numpy(), 1)),
        pl.lit("CHARGEBACK").alias("kind"),
        pl.col("refund_id").alias("supersedes_refund_id"),
        pl.col("whole").alias("amount"),
        pl.col("line_discount").alias("platform_discount_reversed"),
        back.alias("completed_at"),
        back.alias("updated_at"),
    )


def _returned(orders: Orders, lines: Lines, generator: np.random.Generator) -> _Returned:
    count = len(lines.order)
    purchase = orders.purchase[lines.order]
    bound = np.isin(purchase, [int(Purchase.REFUNDED_SOON), int(Purchase.REFUNDED_LATE)])
    in_recall = RECALL_PAID_DAYS[0] <= orders.day <= RECALL_PAID_DAYS[1]
    recalled = (lines.seller == RECALLED_SELLER) & (lines.product == RECALLED_PRODUCT) & in_recall
    recalled &= (generator.random(count) < _RECALLED_SHARE) & (purchase < 0)
    ordinary = (generator.random(count) < _SHARE) & (purchase < 0)
    delivered = (orders.fate == Fate.DELIVERED)[lines.order]
    line = np.flatnonzero(delivered & (bound | recalled | ordinary))
    after = picked(generator, {"soon": 0.80, "between": 0.05, "late": 0.15}, len(line))
    days = np.select(
        [after == 0, after == 1],
        [generator.integers(3, 21, len(line)), generator.integers(21, 40, len(line))],
        generator.integers(40, 71, len(line)),
    )
    days = np.where(purchase[line] == Purchase.REFUNDED_SOON, 4 + days % 15, days)
    days = np.where(purchase[line] == Purchase.REFUNDED_LATE, 50 + days % 25, days)
    recall_day = generator.integers(RECALL_DAYS[0], RECALL_DAYS[1] + 1, len(line))
    day = np.where(recalled[line], recall_day, orders.day + days)
    completed_at = day * DAY + generator.integers(0, 86_400, len(line)) * SECOND
    return _Returned(line, completed_at, recalled[line], bound[line])


def _first_refunds(orders: Orders, lines: Lines, returned: _Returned, generator: np.random.Generator) -> pl.DataFrame:
    """One row a refund as completed; three of four give the whole line back, the others a part of it."""
    line = returned.line
    order = lines.order[line]
    discount = lines.platform_discount[line]
    whole = lines.original[line] - lines.seller_discount[line] - discount
    partial = (generator.random(len(line)) < 0.25) & ~returned.is_recalled & ~returned.is_bound
    percent = np.where(partial, generator.integers(20, 80, len(line)), 100)
    kinds = np.array(list(_KINDS))[picked(generator, _KINDS, len(line))]
    return pl.DataFrame(
        {
            "refund_id": identifiers.refund_ids(lines.line_id[line], 0),
            "order_id": orders.order_id[order],
            "order_line_id": lines.line_id[line],
            "kind": np.where(returned.is_recalled, "RETURN", kinds),
            "quantity": np.where(partial, lines.quantity[line] // 2, lines.quantity[line]),
            "amount": whole * percent // 100,
            "platform_discount_reversed": discount * percent // 100,
            "completed_at": returned.completed_at,
            "updated_at": returned.completed_at,
            "paid_at": orders.paid_at[order],
            "whole": whole,
            "line_discount": discount,
        }
    ).with_columns(pl.lit(None, dtype=pl.Int64).alias("supersedes_refund_id"))
