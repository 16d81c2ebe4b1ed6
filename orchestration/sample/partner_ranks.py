"""The ranks that partners hold, a snapshot every Monday: who rises in the last quarter of 2025, who loses it again.

Does not belong here: the partners themselves (``registers``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from orchestration.sample import identifiers
from orchestration.sample.draws import DAY, SECOND, Ints, below
from orchestration.sample.population import SEASON_FIRST_DAY, Population

_RANKS = ("BRONZE", "SILVER", "GOLD", "PLATINUM", "DIAMOND")
_BRONZE, _SILVER, _GOLD, _PLATINUM, _DIAMOND = range(5)
# What a partner has before the season, and from which of its days on it has another rank. TSPs take them in turn.
_STORIES: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = (
    (_SILVER, ((20, _GOLD), (48, _PLATINUM))),
    (_BRONZE, ((34, _SILVER),)),
    # Reaches a rank and loses it.
    (_GOLD, ((13, _PLATINUM), (55, _GOLD))),
    (_PLATINUM, ((62, _DIAMOND),)),
    # Loses a rank and wins it again, too late; the one below it stays.
    (_SILVER, ((13, _GOLD), (27, _PLATINUM), (41, _GOLD), (69, _PLATINUM))),
    (_GOLD, ()),
    # Rises by two at once.
    (_BRONZE, ((41, _GOLD),)),
    # Falls below what it had, and rises above it.
    (_SILVER, ((20, _BRONZE), (48, _GOLD))),
)
# The others hold a rank for good.
_STEADY = (_PLATINUM, _SILVER, _GOLD, _BRONZE)
_NEWCOMER_DAYS = 180
_MONDAY = 4


def rank_versions(day: int, population: Population) -> pl.DataFrame:
    """The snapshot of a day, none unless it is a Monday: lands the day after, one in twenty three days later. One in
    forty stands a rank too low at first and is corrected two days on.
    """
    if day % 7 != _MONDAY:
        return pl.DataFrame()
    partner = np.arange(population.partners, dtype=np.int64)
    rank = _ranks(day, population)
    key = partner * 40_000 + day
    wrong = (below(key, 141, 40) == 0) & (rank > _BRONZE)
    late = np.where(below(key, 142, 20) == 0, 3, 1)
    first = _rows(partner, day, rank - wrong, day + late)
    corrected = _rows(partner, day, rank, day + late + 2)
    return pl.concat([first, corrected.filter(pl.Series(wrong))])


def _ranks(day: int, population: Population) -> Ints:
    """Each partner's rank on a day; half a year before the season each was one lower."""
    since = day - SEASON_FIRST_DAY
    story_of = {partner: _STORIES[place % len(_STORIES)] for place, partner in enumerate(population.partners_of("TSP"))}
    ranks = []
    for partner in range(population.partners):
        rank, steps = story_of.get(partner, (_STEADY[partner % len(_STEADY)], ()))
        reached = [to for from_day, to in steps if from_day <= since]
        ranks.append(reached[-1] if reached else max(rank - (since < -_NEWCOMER_DAYS), _BRONZE))
    return np.array(ranks, dtype=np.int64)


def _rows(partner: Ints, day: int, rank: Ints, known_on: Ints) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "partner_id": identifiers.partner_ids(partner),
            "snapshot_on": np.full(len(partner), day, dtype=np.int64),
            "rank_code": np.array(_RANKS)[rank],
            "updated_at": known_on * DAY + 3_600 * SECOND,
            "landed_on": known_on,
        }
    )
