"""Which content and creator brought a line: drawn for three of five lines, landing mostly the day after.

Does not belong here: the lines themselves (``orders``), and the records of the contents (``live_sessions``,
``short_videos``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.sample import identifiers
from orchestration.sample.draws import DAY, SECOND, Flags, Ints, Topic, below, picked, stream
from orchestration.sample.orders import Lines, Orders
from orchestration.sample.population import Population

_SHARE = 0.6
_CONTENT = {"LIVE": 0.35, "VIDEO": 0.35, "SHOWCASE": 0.15, "SHOP_TAB": 0.10, "OTHER": 0.05}
LIVE, VIDEO, _SHOWCASE = 0, 1, 2
# A creator's livestreams of a day are numbered 0 and 1, the videos 2 and 3.
FIRST_VIDEO = 2
# Days from payment to landing: mostly one, a few up to ten.
_DELAYS = {0: 0.08, 1: 0.80, 2: 0.08, 5: 0.02, 8: 0.01, 10: 0.01}


@dataclass(frozen=True)
class Attributions:
    """One entry an attributed line, by its place in ``Lines``. ``content`` is the content's type by its place (LIVE,
    VIDEO and others), ``content_day`` the day number on which it was made; id and day mean something for LIVE and
    VIDEO alone, ``creator`` (a number) for these and SHOWCASE.
    """

    line: Ints
    content: Ints
    creator: Ints
    content_day: Ints
    content_id: Ints
    is_targeted: Flags
    is_matched: Flags
    is_astray: Flags
    is_corrected: Flags
    delay: Ints


def draw_attributions(orders: Orders, lines: Lines, population: Population, seed: int) -> Attributions:
    """The attributions of the lines paid on a day; one in three thousand names a wrong order."""
    generator = stream(seed, Topic.ATTRIBUTIONS, orders.day)
    line = np.flatnonzero(generator.random(len(lines.order)) < _SHARE)
    count = len(line)
    content = picked(generator, _CONTENT, count)
    creator = np.floor(population.creators * generator.random(count) ** 3).astype(np.int64)
    targeted = (content == VIDEO) & (generator.random(count) < 0.5)
    matched = (content <= _SHOWCASE) & (generator.random(count) < 0.1)
    astray = generator.random(count) < 1 / 3_000
    delay = np.array(list(_DELAYS), dtype=np.int64)[picked(generator, _DELAYS, count)]
    # The creator's livestream of the day, or a video of the three weeks before.
    number = generator.integers(0, 2, count) + FIRST_VIDEO * (content != LIVE)
    age = np.where(content == LIVE, 0, np.floor(generator.exponential(5, count)).astype(np.int64) % 21)
    return Attributions(
        line=line,
        content=content,
        creator=creator,
        content_day=orders.day - age,
        content_id=identifiers.content_ids(creator, orders.day - age, number),
        is_targeted=targeted,
        is_matched=matched,
        is_astray=astray,
        is_corrected=generator.random(count) < 0.01,
        delay=delay,
    )


def attribution_versions(
    attributions: Attributions, orders: Orders, lines: Lines, population: Population
) -> pl.DataFrame:
    """One row an attribution and version; one in a hundred is corrected to OTHER five days later."""
    first = _first_versions(attributions, orders, lines, population)
    unknown = pl.lit(None, dtype=pl.Int64)
    corrected = first.filter(pl.Series(attributions.is_corrected)).with_columns(
        pl.lit("OTHER").alias("content_type"),
        unknown.alias("content_id"),
        unknown.alias("target_collaboration_id"),
        pl.col("updated_at") + 5 * DAY,
        pl.col("landed_on") + 5,
    )
    return pl.concat([first, corrected])


def _first_versions(attributions: Attributions, orders: Orders, lines: Lines, population: Population) -> pl.DataFrame:
    line, content, creator = attributions.line, attributions.content, attributions.creator
    order, seller = lines.order[line], lines.seller[line]
    partner = below(seller * 7 + creator % 7, 61, population.partners)
    return pl.DataFrame(
        {
            "order_line_id": lines.line_id[line],
            "order_id": orders.order_id[order] + attributions.is_astray,
            "content_type": np.array(list(_CONTENT))[content],
            "content_id": _only(content <= VIDEO, attributions.content_id),
            "creator_id": _only(content <= _SHOWCASE, identifiers.creator_ids(creator)),
            "target_collaboration_id": _only(attributions.is_targeted, identifiers.collaboration_ids(seller, creator)),
            "matched_by_partner_id": _only(attributions.is_matched, identifiers.partner_ids(partner)),
            "updated_at": orders.paid_at[order] + 3_600 * SECOND,
            "landed_on": orders.landed_on[order] + attributions.delay,
        }
    )


def _only(known: Flags, values: Ints) -> pl.Series:
    """The values where they are known, else null."""
    return pl.select(pl.when(pl.Series(known)).then(pl.Series(values))).to_series()
