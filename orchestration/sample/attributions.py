"""Which content and creator brought a line: drawn for three of five lines, landing mostly the day after.

Does not belong here: the lines themselves (``orders``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from orchestration.sample import identifiers
from orchestration.sample.draws import DAY, SECOND, Flags, Ints, Topic, below, picked, stream
from orchestration.sample.orders import Lines, Orders
from orchestration.sample.population import Population

_SHARE = 0.6
_CONTENT = {"LIVE": 0.35, "VIDEO": 0.35, "SHOWCASE": 0.15, "SHOP_TAB": 0.10, "OTHER": 0.05}
_LIVE, _VIDEO, _SHOWCASE = 0, 1, 2
# Days from payment to landing: mostly one, a few up to ten.
_DELAYS = {0: 0.08, 1: 0.80, 2: 0.08, 5: 0.02, 8: 0.01, 10: 0.01}


def attribution_versions(orders: Orders, lines: Lines, population: Population, seed: int) -> pl.DataFrame:
    """One row an attribution and version; one in a hundred is corrected to OTHER five days later."""
    generator = stream(seed, Topic.ATTRIBUTIONS, orders.day)
    line = np.flatnonzero(generator.random(len(lines.order)) < _SHARE)
    first = _first_versions(orders, lines, line, population, generator)
    unknown = pl.lit(None, dtype=pl.Int64)
    corrected = first.filter(pl.Series(generator.random(len(line)) < 0.01)).with_columns(
        pl.lit("OTHER").alias("content_type"),
        unknown.alias("content_id"),
        unknown.alias("target_collaboration_id"),
        pl.col("updated_at") + 5 * DAY,
        pl.col("landed_on") + 5,
    )
    return pl.concat([first, corrected])


def _first_versions(
    orders: Orders, lines: Lines, line: Ints, population: Population, generator: np.random.Generator
) -> pl.DataFrame:
    """One row for each of the lines named by their places; one in three thousand names a wrong order."""
    count = len(line)
    order, seller = lines.order[line], lines.seller[line]
    content = picked(generator, _CONTENT, count)
    creator = np.floor(population.creators * generator.random(count) ** 3).astype(np.int64)
    by_creator = content <= _SHOWCASE
    targeted = (content == _VIDEO) & (generator.random(count) < 0.5)
    matched = by_creator & (generator.random(count) < 0.1)
    partner = below(seller * 7 + creator % 7, 61, population.partners)
    astray = (generator.random(count) < 1 / 3_000).astype(np.int64)
    delay = np.array(list(_DELAYS), dtype=np.int64)[picked(generator, _DELAYS, count)]
    return pl.DataFrame(
        {
            "order_line_id": lines.line_id[line],
            "order_id": orders.order_id[order] + astray,
            "content_type": np.array(list(_CONTENT))[content],
            "content_id": _only(content <= _VIDEO, _content_ids(generator, orders.day, content, creator)),
            "creator_id": _only(by_creator, identifiers.creator_ids(creator)),
            "target_collaboration_id": _only(targeted, identifiers.collaboration_ids(seller, creator)),
            "matched_by_partner_id": _only(matched, identifiers.partner_ids(partner)),
            "updated_at": orders.paid_at[order] + 3_600 * SECOND,
            "landed_on": orders.landed_on[order] + delay,
        }
    )


def _only(known: Flags, values: Ints) -> pl.Series:
    """The values where they are known, else null."""
    return pl.select(pl.when(pl.Series(known)).then(pl.Series(values))).to_series()


def _content_ids(generator: np.random.Generator, day: int, content: Ints, creator: Ints) -> Ints:
    """The creator's livestream of the day, or a video of the three weeks before."""
    number = generator.integers(0, 2, len(content))
    age = np.where(content == _LIVE, 0, np.floor(generator.exponential(5, len(content))).astype(np.int64) % 21)
    return identifiers.content_ids(creator, day - age, number + 2 * (content != _LIVE))
