"""What stands under a livestream or a video: its title and its hashtags, a function of its id and its day.

Does not belong here: the livestreams (``live_sessions``) and the videos (``short_videos``) themselves.
"""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import polars as pl

from orchestration.sample.draws import Flags, Ints, below, day_date

_OPENINGS = ("Come see", "Last chance:", "New in,", "My honest take on", "Unboxing", "Weekend", 'The "viral"', "Noël:")
_THINGS = ("serums", "air fryers", "winter coats", "desk lights", "pet beds", "mugs & tumblers", "headphones", "rugs")
_HASHTAGS = (
    "#tiktokmademebuyit",
    "#unboxing",
    "#beauty",
    "#skincare",
    "#kitchenhacks",
    "#homedecor",
    "#ootd",
    "#petsoftiktok",
    "#giftideas",
    "#smallbusiness",
    "#dealoftheday",
    "#tech",
    "#fitness",
    "#diy",
    "#bücher",
)
_PEAK_HASHTAG = "#blackfriday"
_WITHOUT_OF = 12
_COMBINATIONS = 1_024


def titles(content_id: Ints) -> pl.Series:
    """A title for most of the contents, null for one in twelve."""
    known = below(content_id, 112, _WITHOUT_OF) > 0
    return _titles().gather(np.where(known, below(content_id, 111, len(_OPENINGS) * len(_THINGS)), -1))


def hashtags(content_id: Ints, day: Ints) -> pl.Series:
    """One to four hashtags, blank-separated, null for one in twelve; before Black Friday a third name it."""
    in_peak = _is_before_black_friday(day) & (below(content_id, 114, 3) == 0)
    known = below(content_id, 115, _WITHOUT_OF) > 0
    return _hashtags().gather(np.where(known, below(content_id, 113, _COMBINATIONS) + in_peak * _COMBINATIONS, -1))


@cache
def _titles() -> pl.Series:
    """All titles, the last null."""
    return pl.Series([*(f"{opening} {thing}" for opening in _OPENINGS for thing in _THINGS), None])


@cache
def _hashtags() -> pl.Series:
    """All that may stand under a content, then the same with the peak's hashtag, the last null."""
    index = np.arange(_COMBINATIONS, dtype=np.int64)
    places = np.stack([below(index, 116 + number, len(_HASHTAGS)) for number in range(4)], axis=1)
    numbers = 1 + below(index, 120, 4)
    plain = [
        " ".join(dict.fromkeys(_HASHTAGS[place] for place in row[:number]))
        for row, number in zip(places, numbers, strict=True)
    ]
    return pl.Series([*plain, *(f"{tags} {_PEAK_HASHTAG}" for tags in plain), None])


def _is_before_black_friday(day: Ints) -> Flags:
    """From 10 November to 1 December."""
    named = {int(number): day_date(int(number)) for number in np.unique(day)}
    within = [n for n, at in named.items() if date(at.year, 11, 10) <= at <= date(at.year, 12, 1)]
    return np.isin(day, within)
