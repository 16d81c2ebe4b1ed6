"""Which lines paid on one day used a deal of their shop, and what becomes of that.

A line that the platform discounted while its shop ran a deal mostly used it, and its discount is the line's platform
discount. Does not belong here: the deals themselves (``deals``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from orchestration.sample import deals, identifiers
from orchestration.sample.draws import DAY, Flags, Ints, Topic, day_of, picked, stream
from orchestration.sample.orders import Fate, Lines, Orders
from orchestration.sample.population import Population

_SHARE = 0.85
# Of the lines bought in the day and a half after a deal's end some redeem it still: too late to be paid.
_LATE_SHARE, _LATE = 0.2, 36 * 3_600_000_000
_STRAY_SHARE = 0.004
_RESTORED_WHEN_CANCELLED, _RESTORED = 0.8, 0.015
# Days from payment to landing; the line itself may land a day after it was paid.
_DELAYS = {0: 0.96, 1: 0.03, 4: 0.01}


def redemption_versions(orders: Orders, lines: Lines, population: Population, seed: int) -> pl.DataFrame:
    """One row a redemption and version. One in 250 redeems the deal of another shop, one in three thousand names a
    wrong order; those of cancelled orders are mostly restored with it, a few others within nine days.
    """
    generator = stream(seed, Topic.DEAL_REDEMPTIONS, orders.day)
    line, deal_seller = _redeeming(orders, lines, population, generator)
    count, order = len(line), lines.order[line]
    redeemed_at = orders.created_at[order]
    fortnight = day_of(redeemed_at) // deals.FORTNIGHT
    astray = (generator.random(count) < 1 / 3_000).astype(np.int64)
    delay = np.array(list(_DELAYS), dtype=np.int64)[picked(generator, _DELAYS, count)]
    first = pl.DataFrame(
        {
            "redemption_id": identifiers.redemption_ids(lines.line_id[line]),
            "deal_id": identifiers.deal_ids(deal_seller, fortnight),
            "order_line_id": lines.line_id[line],
            "order_id": orders.order_id[order] + astray,
            "discount_amount": lines.platform_discount[line],
            "redeemed_at": redeemed_at,
            "restored": np.zeros(count, dtype=np.bool_),
            "updated_at": redeemed_at,
            "landed_on": orders.day + delay,
        }
    )
    ended = orders.fate[order] != Fate.DELIVERED
    share = np.where(ended, _RESTORED_WHEN_CANCELLED, _RESTORED)
    restored_at = np.where(ended, orders.ended_at[order], redeemed_at + generator.integers(1, 10, count) * DAY)
    restored = first.with_columns(
        pl.lit(True).alias("restored"),
        pl.Series("updated_at", restored_at),
        pl.Series("landed_on", day_of(restored_at)),
    ).filter(pl.Series(generator.random(count) < share))
    return pl.concat([first, restored])


def _redeeming(
    orders: Orders, lines: Lines, population: Population, generator: np.random.Generator
) -> tuple[Ints, Ints]:
    """The places of the lines that redeem a deal, and the shop whose deal each redeems."""
    line = np.flatnonzero(lines.platform_discount > 0)
    seller, at = lines.seller[line], orders.created_at[lines.order[line]]
    fortnight = day_of(at) // deals.FORTNIGHT
    starts_at, ends_at = deals.windows(seller, fortnight)
    share = np.where(at < ends_at, _SHARE, np.where(at < ends_at + _LATE, _LATE_SHARE, 0.0))
    redeems: Flags = generator.random(len(line)) < share
    redeems &= (at >= starts_at) & deals.are_run(seller, fortnight, population)
    stray = redeems & (generator.random(len(line)) < _STRAY_SHARE)
    # Anchors always run a deal.
    deal_seller = np.where(stray, (seller + 1) % population.anchors, seller)
    return line[redeems], deal_seller[redeems]
