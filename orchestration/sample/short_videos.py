"""The short videos that are watched on one day: those that its attributions name, and new ones that sell nothing yet.

A video lands whenever it has sold something, with the views it has by then: so nobody has to remember it. Everything
else about it follows from its id. Does not belong here: which line a video sold (``attributions``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from orchestration.sample import captions, identifiers
from orchestration.sample.attributions import FIRST_VIDEO, VIDEO, Attributions
from orchestration.sample.draws import DAY, SECOND, Ints, Topic, below, stream
from orchestration.sample.population import Population

# One in so many videos has no record, whatever it sells.
NEVER_LANDS_OF = 400
# For every so many videos that sold something on a day, one is posted that did not.
_SOLD_PER_NEW = 10


def video_versions(day: int, attributions: Attributions, population: Population, seed: int) -> pl.DataFrame:
    """One row a video that sold something on the day or is new; lands the day after. Its views only ever grow."""
    generator = stream(seed, Topic.SHORT_VIDEOS, day)
    sold = np.flatnonzero(attributions.content == VIDEO)
    count = 1 + len(sold) // _SOLD_PER_NEW
    creator = np.concatenate([attributions.creator[sold], generator.integers(0, population.creators, count)])
    number = FIRST_VIDEO + generator.integers(0, 2, count)
    posted_on = np.concatenate([attributions.content_day[sold], np.full(count, day, dtype=np.int64)])
    new_id = identifiers.content_ids(creator[len(sold) :], day, number)
    video_id, place = np.unique(np.concatenate([attributions.content_id[sold], new_id]), return_index=True)
    lands = below(video_id, 131, NEVER_LANDS_OF) > 0
    video_id, place = video_id[lands], place[lands]
    posted_on = posted_on[place]
    return pl.DataFrame(
        {
            "video_id": video_id,
            "creator_id": identifiers.creator_ids(creator[place]),
            # In the first hour, the American evening, so that hardly anything it sells is paid before.
            "posted_at": posted_on * DAY + below(video_id, 132, 3_600) * SECOND,
            "views": _views(video_id, day - posted_on),
            "title": captions.titles(video_id),
            "hashtags": captions.hashtags(video_id, posted_on),
            "updated_at": (day + 1) * DAY - 1 - below(video_id, 133, 3_600) * SECOND,
            "landed_on": np.full(len(video_id), day + 1, dtype=np.int64),
        }
    )


def _views(video_id: Ints, age: Ints) -> Ints:
    """From a quarter of what a video ends with, on its first day, towards the whole."""
    ends_with = np.floor(400 * np.exp(below(video_id, 134, 10_000) / 10_000 * 6)).astype(np.int64)
    return np.asarray(ends_with * (age + 1) // (age + 4), dtype=np.int64)
