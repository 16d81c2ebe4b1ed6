"""Members as they land: buyers and friends alike, their traits a function of their number.

Does not belong here: who invited whom (``referrals``) and who buys (``orders``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from orchestration.sample import identifiers
from orchestration.sample.draws import DAY, SECOND, Ints, Topic, below, day_of, hashed, stream
from orchestration.sample.population import Population

_COUNTRIES = np.array(["US"] * 90 + ["GB"] * 3 + ["CA"] * 3 + ["MX"] * 2 + ["DE"] * 2)
_EMPLOYEE_OF = 200
_CHUNK = 500_000


def countries(index: Ints) -> NDArray[Any]:
    """The country of each member."""
    return np.asarray(_COUNTRIES[below(index, 41, 100)])


def records(index: Ints, joined_at: Ints) -> pl.DataFrame:
    """One row a member, first version; lands on the day it joined."""
    known_device = pl.Series(below(index, 42, 20) > 0)
    known_payment = pl.Series(below(index, 43, 5) > 0)
    return pl.DataFrame(
        {
            "member_id": identifiers.member_ids(index),
            "signed_up_at": joined_at,
            "country": countries(index),
            "is_employee": below(index, 44, _EMPLOYEE_OF) == 0,
            "device_hash": _hash_text(index, 45, known_device),
            "payment_hash": _hash_text(index, 46, known_payment),
            "updated_at": joined_at,
            "landed_on": day_of(joined_at),
        }
    )


def before_history(population: Population) -> Iterator[pl.DataFrame]:
    """The members of the three years before the history, some hundred thousand at a time."""
    for first in range(0, population.first_members, _CHUNK):
        index = np.arange(first, min(first + _CHUNK, population.first_members), dtype=np.int64)
        joined_at = (population.first_paid_day - 1 - below(index, 47, 1_095)) * DAY
        yield records(index, joined_at + below(index, 48, 86_400) * SECOND)


def joined_on(day: int, first: int, last: int) -> pl.DataFrame:
    """The members numbered from ``first`` to ``last`` - 1, who joined on a day."""
    index = np.arange(first, last, dtype=np.int64)
    return records(index, day * DAY + below(index, 48, 86_400) * SECOND)


def changed_on(day: int, population: Population, seed: int) -> pl.DataFrame:
    """Second versions of a few old members: a new means of payment."""
    count = 1 + population.first_members // 20_000
    index = np.unique(stream(seed, Topic.MEMBERS, day).integers(0, population.first_members, count))
    joined_at = (population.first_paid_day - 1 - below(index, 47, 1_095)) * DAY + below(index, 48, 86_400) * SECOND
    return records(index, joined_at).with_columns(
        pl.Series("payment_hash", hashed(index, 1_000 + day)).cast(pl.String),
        pl.Series("updated_at", day * DAY + below(index, 49, 80_000) * SECOND),
        pl.lit(day, dtype=pl.Int64).alias("landed_on"),
    )


def _hash_text(index: Ints, salt: int, known: pl.Series) -> pl.Series:
    text = pl.Series(hashed(index, salt)).cast(pl.String)
    return pl.select(pl.when(known).then(text)).to_series()
