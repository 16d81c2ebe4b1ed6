"""Chance that can be drawn again: random streams by (seed, topic, day), and hashes that give an index its traits.

Belongs here: where randomness and days as numbers come from. Does not belong here: what is drawn with it.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SECOND = 1_000_000
DAY = 86_400 * SECOND
_EPOCH = date(1970, 1, 1)


class Topic(IntEnum):
    """What a stream is drawn for; a new topic leaves the draws of the others alone."""

    DEMAND = 1
    SHOPS = 2
    ORDERS = 3
    LINES = 4
    ATTRIBUTIONS = 5
    REFUNDS = 6
    CORRECTIONS = 7
    REFERRALS = 8
    MEMBERS = 9
    BROKEN_ROWS = 10
    ASSIGNMENTS = 11
    LIVE_SESSIONS = 12
    SHORT_VIDEOS = 13
    DEAL_REDEMPTIONS = 14
    BROKEN_PROGRAM_ROWS = 15


def stream(seed: int, topic: Topic, day: int = 0) -> np.random.Generator:
    """The random numbers of one topic and day (days since 1970)."""
    return np.random.default_rng([seed, int(topic), day + _EPOCH.toordinal()])


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_date(number: int) -> date:
    """The date of a day number."""
    return _EPOCH + timedelta(days=number)


def day_of(times: Ints) -> Ints:
    """The day numbers of UTC microseconds."""
    return times // DAY


def hashed(values: Ints | NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    """A 64-bit hash of each value (splitmix64), so that an index has the same traits wherever it is met."""
    mixed = np.asarray(values).astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def below(values: Ints, salt: int, bound: int) -> Ints:
    """A hash of each value as an integer from 0 to bound - 1."""
    return (hashed(values, salt) % np.uint64(bound)).astype(np.int64)


def normal(values: Ints, salt: int) -> Floats:
    """A hash of each value as a standard normal, near enough: twelve uniform numbers less six."""
    parts = [below(values, salt * 100 + part, 10_000) for part in range(12)]
    return np.asarray(np.sum(parts, axis=0) / 10_000 - 6, dtype=np.float64)


def picked(generator: np.random.Generator, shares: dict[Any, float], size: int) -> Ints:
    """For each of ``size`` draws the position of one of the shares, which sum to 1."""
    edges = np.cumsum(list(shares.values()))[:-1]
    return np.searchsorted(edges, generator.random(size), side="right").astype(np.int64)
