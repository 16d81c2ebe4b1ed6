"""The livestreams of one day: those that the day's attributions name, and some that sold nothing.

Drawn with the paid day, since a livestream's lines are paid on its day. Does not belong here: which line a livestream
sold (``attributions``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.sample import captions, identifiers
from orchestration.sample.attributions import LIVE, Attributions
from orchestration.sample.draws import DAY, SECOND, Flags, Ints, Topic, below, day_of, stream
from orchestration.sample.orders import Lines, Orders
from orchestration.sample.population import Population

# One in so many livestreams that attributions name has no record.
NEVER_LANDS_OF = 400
# For every so many livestreams that sold something there is one that did not.
_SOLD_PER_UNSOLD = 12
_SHORTEST, _LONGEST, _HOUR = 20 * 60, 5 * 3_600, 3_600
_EARLIEST_BEFORE_SALE = 40 * 60 * SECOND


@dataclass(frozen=True)
class _Sessions:
    """One entry a livestream; creators and sellers by number, ``lines`` is how many it sold on its day."""

    live_id: Ints
    creator: Ints
    seller: Ints
    lines: Ints
    started_at: Ints


def session_versions(
    orders: Orders, lines: Lines, attributions: Attributions, population: Population, seed: int
) -> pl.DataFrame:
    """One row a livestream and version: as it ended, and for half of them again one to three days later, with more
    viewers; one in sixty was first measured ten minutes too short.
    """
    generator = stream(seed, Topic.LIVE_SESSIONS, orders.day)
    sold = _sold(orders, lines, attributions)
    sessions = _with_unsold(sold, orders.day, population, generator)
    live_id = sessions.live_id
    ended_at = sessions.started_at + _seconds(live_id) * SECOND
    again = below(live_id, 101, 2) == 0
    too_short = again & (below(live_id, 102, 60) == 0)
    viewers = (30 + below(live_id, 103, 400)) * (1 + sessions.lines)
    late = np.where(below(live_id, 104, 25) == 0, 1 + below(live_id, 105, 3), 0)
    counted = below(live_id, 106, 30) > 0
    lands = below(live_id, 109, NEVER_LANDS_OF) > 0
    first = _first_versions(sessions, ended_at - too_short * 600 * SECOND, viewers).with_columns(
        pl.when(pl.Series(counted)).then("viewers").alias("viewers"),
        pl.Series("updated_at", ended_at),
        pl.Series("landed_on", day_of(ended_at) + late),
    )
    changed_at = ended_at + (1 + below(live_id, 107, 3)) * DAY
    second = first.with_columns(
        pl.Series("ended_at", ended_at),
        pl.Series("viewers", viewers + viewers * (10 + below(live_id, 108, 50)) // 100),
        pl.Series("updated_at", changed_at),
        pl.Series("landed_on", day_of(changed_at)),
    )
    return pl.concat([first.filter(pl.Series(lands)), second.filter(pl.Series(lands & again))])


def _sold(orders: Orders, lines: Lines, attributions: Attributions) -> _Sessions:
    """The livestreams that attributions name. Each is of the shop of its greatest line, and starts at most forty
    minutes before its first line is paid, on that day.
    """
    live = np.flatnonzero(attributions.content == LIVE)
    line = attributions.line[live]
    content_id = attributions.content_id[live]
    order = np.lexsort((line, lines.original[line], content_id))
    live, line, content_id = live[order], line[order], content_id[order]
    first = np.flatnonzero(np.diff(content_id, prepend=-1))
    counts = np.diff(first, append=len(line))
    paid_at = orders.paid_at[lines.order[line]]
    first_paid_at = np.minimum.reduceat(paid_at, first) if len(first) else paid_at
    live_id = content_id[first]
    room = np.minimum(first_paid_at - orders.day * DAY, _EARLIEST_BEFORE_SALE) // SECOND
    before = (below(live_id, 110, 1 << 30) % (room + 1)) * SECOND
    greatest = line[first + counts - 1]
    return _Sessions(live_id, attributions.creator[live[first]], lines.seller[greatest], counts, first_paid_at - before)


def _with_unsold(sold: _Sessions, day: int, population: Population, generator: np.random.Generator) -> _Sessions:
    count = 1 + len(sold.live_id) // _SOLD_PER_UNSOLD
    creator = generator.integers(0, population.creators, count)
    number = generator.integers(0, 2, count)
    seller = np.searchsorted(population.shares_through(day), generator.random(count), side="right").astype(np.int64)
    live_id, place = np.unique(identifiers.content_ids(creator, day, number), return_index=True)
    new: Flags = ~np.isin(live_id, sold.live_id)
    live_id, place = live_id[new], place[new]
    started_at = day * DAY + below(live_id, 110, 86_400) * SECOND
    return _Sessions(
        np.concatenate([sold.live_id, live_id]),
        np.concatenate([sold.creator, creator[place]]),
        np.concatenate([sold.seller, seller[place]]),
        np.concatenate([sold.lines, np.zeros(len(live_id), dtype=np.int64)]),
        np.concatenate([sold.started_at, started_at]),
    )


def _seconds(live_id: Ints) -> Ints:
    """Twenty minutes to five hours, short ones more often; one in thirty lasts an hour to the second."""
    share = below(live_id, 121, 1_000_000) / 1_000_000
    drawn = _SHORTEST + np.floor((_LONGEST - _SHORTEST) * share**1.5).astype(np.int64)
    return np.where(below(live_id, 122, 30) == 0, _HOUR, drawn)


def _first_versions(sessions: _Sessions, ended_at: Ints, viewers: Ints) -> pl.DataFrame:
    live_id = sessions.live_id
    return pl.DataFrame(
        {
            "live_id": live_id,
            "seller_id": identifiers.seller_ids(sessions.seller),
            "creator_id": identifiers.creator_ids(sessions.creator),
            "started_at": sessions.started_at,
            "ended_at": ended_at,
            "viewers": viewers,
            "title": captions.titles(live_id),
            "hashtags": captions.hashtags(live_id, day_of(sessions.started_at)),
        }
    )
