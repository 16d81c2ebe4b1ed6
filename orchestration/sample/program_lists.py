"""Who is invited to what in the last quarter of 2025: shops to key livestreams and to funded flash sales, creators to
be incubated; and who is taken off a list again.

Does not belong here: the deals that ask for an invitation (``deals``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from orchestration.sample import identifiers
from orchestration.sample.draws import DAY, SECOND, Flags, Ints, below
from orchestration.sample.population import SEASON_FIRST_DAY, Population

KEY_LIVE_EVENTS = "key_live_events_2025q4"
INCUBATION = "incubation_2025q4"
DEAL_INVITES = "deal_invites_2025q4"


def list_versions(population: Population) -> pl.DataFrame:
    """Entries by landing day. All anchors are invited, and the last of them is taken off again."""
    seller = np.arange(population.sellers, dtype=np.int64)
    creator = np.arange(population.creators, dtype=np.int64)
    anchor = seller < population.anchors
    leaves: Flags = seller == population.anchors - 1
    there = population.onboarded_on < SEASON_FIRST_DAY
    seller_ids, creator_ids = identifiers.seller_ids(seller), identifiers.creator_ids(creator)
    return pl.concat(
        [
            _versions(KEY_LIVE_EVENTS, seller, seller_ids, anchor | (there & (below(seller, 151, 6) == 0)), leaves),
            _versions(DEAL_INVITES, seller, seller_ids, anchor | (there & (below(seller, 152, 2) == 0)), leaves),
            _versions(INCUBATION, creator, creator_ids, creator % 12 == 2, creator < 0),
        ]
    )


def _versions(list_id: str, subject: Ints, subject_ids: Ints, chosen: Flags, leaves: Flags) -> pl.DataFrame:
    """Most stand on the list before the season, one in five from some day of October on. Those that ``leaves`` names
    and one in ten of the others are taken off in the season, which half of the time is known only five days later.
    """
    salt = 154 + 10 * len(list_id)
    late = below(subject, salt, 5) == 0
    added_on = SEASON_FIRST_DAY + np.where(late, below(subject, salt + 1, 25), -10 - below(subject, salt + 2, 20))
    removed_on = SEASON_FIRST_DAY + 30 + below(subject, salt + 3, 50)
    known_on = removed_on + 5 * below(subject, salt + 4, 2)
    removed = leaves | (below(subject, salt + 5, 10) == 0)
    first = pl.DataFrame(
        {
            "list_id": pl.repeat(list_id, len(subject), eager=True),
            "subject_id": subject_ids,
            "added_at": added_on * DAY + 32_400 * SECOND,
            "removed_at": pl.Series([None], dtype=pl.Int64).new_from_index(0, len(subject)),
            "updated_at": added_on * DAY + 32_400 * SECOND,
            "landed_on": added_on,
        }
    )
    second = first.with_columns(
        pl.Series("removed_at", removed_on * DAY + 50_400 * SECOND),
        pl.Series("updated_at", known_on * DAY + 57_600 * SECOND),
        pl.Series("landed_on", known_on),
    )
    return pl.concat([first.filter(pl.Series(chosen)), second.filter(pl.Series(chosen & removed))])
