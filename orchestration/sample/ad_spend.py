"""What shops spend on advertising on one day, in money and in credit, and the GMV that the advertising claims.

Does not belong here: what was sold (``orders``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from orchestration.sample import identifiers
from orchestration.sample.draws import DAY, SECOND, Ints, below
from orchestration.sample.orders import Lines
from orchestration.sample.population import Population


def spend_versions(day: int, lines: Lines, population: Population) -> pl.DataFrame:
    """One row a shop that advertises (the anchors and a third of the others), lands the day after; of one in ten the
    claimed GMV is lowered by a twelfth two days later.
    """
    seller = np.arange(population.sellers, dtype=np.int64)
    advertises = (seller < population.anchors) | (below(seller, 181, 3) == 0)
    seller = seller[advertises & (population.onboarded_on <= day)]
    key = seller * 40_000 + day
    claimed = _gross(lines, population)[seller] * (15 + below(key, 182, 45)) // 100
    # Two to nine dollars of GMV for a dollar, and up to five dollars on a day that sells nothing.
    spend = claimed * 100 // (200 + below(key, 183, 700)) + below(key, 184, 500)
    credit = np.where(below(key, 185, 3) == 0, spend * (10 + below(key, 186, 60)) // 100, 0)
    first = _rows(seller, day, spend - credit, credit, claimed, 1)
    lowered = _rows(seller, day, spend - credit, credit, claimed - claimed // 12, 3)
    return pl.concat([first, lowered.filter(pl.Series(below(key, 187, 10) == 0))])


def _gross(lines: Lines, population: Population) -> Ints:
    """Each shop's lines of the day in cents, before any refund; exact, as they stay below 2^53."""
    gross = np.bincount(lines.seller, lines.original - lines.seller_discount, minlength=population.sellers)
    return gross.astype(np.int64)


def _rows(seller: Ints, day: int, cash: Ints, credit: Ints, claimed: Ints, days_later: int) -> pl.DataFrame:
    known_on = np.full(len(seller), day + days_later, dtype=np.int64)
    return pl.DataFrame(
        {
            "seller_id": identifiers.seller_ids(seller),
            "spend_on": np.full(len(seller), day, dtype=np.int64),
            "cash_spend": cash,
            "credit_spend": credit,
            "attributed_gmv": claimed,
            "updated_at": known_on * DAY + 18_000 * SECOND,
            "landed_on": known_on,
        }
    )
