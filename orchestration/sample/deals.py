"""The discounts that shops run and the platform pays a share of: at most one a shop in every fortnight.

A deal follows from its shop and its fortnight alone, so that whoever meets a line knows the deal it may have used.
Does not belong here: who used one (``deal_redemptions``), and who is invited (``program_lists``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from orchestration.sample import identifiers
from orchestration.sample.demand import PLANNED_DAYS
from orchestration.sample.draws import DAY, SECOND, Flags, Floats, Ints, below
from orchestration.sample.population import Population
from orchestration.sample.program_lists import DEAL_INVITES

FORTNIGHT = 14
_ANNOUNCED_BEFORE = 3
_KINDS = np.array(["COUPON", "COUPON", "DISCOUNT", "FLASH_SALE"])
_FLASH_SALE = 3
_SHARES_BPS = np.array([10_000, 5_000, 7_000, 3_333], dtype=np.int64)
# Percent of what a deal would cost on ordinary days: some budgets run out, some are never used up.
_BUDGETS_PERCENT = np.array([25, 60, 120, 300], dtype=np.int64)
# The platform's discounts on the lines of so many orders come to one of their shop's prices.
_ORDERS_A_PRICE = 20


def are_run(seller: Ints, fortnight: Ints, population: Population) -> Flags:
    """Whether each shop runs a deal in each fortnight (its days // 14): the anchors always, a fifth of the others."""
    chosen = (seller < population.anchors) | (below(_key(seller, fortnight), 161, 5) == 0)
    return np.asarray(chosen & (population.onboarded_on[seller] <= fortnight * FORTNIGHT), dtype=np.bool_)


def windows(seller: Ints, fortnight: Ints) -> tuple[Ints, Ints]:
    """When each deal starts and ends (UTC microseconds): flash sales run up to two days, others five to nine."""
    key = _key(seller, fortnight)
    starts_at = fortnight * FORTNIGHT * DAY + below(key, 162, 3 * 86_400) * SECOND
    flash = _kind(key) == _FLASH_SALE
    length = np.where(flash, 12 * 3_600 + below(key, 163, 36 * 3_600), 5 * 86_400 + below(key, 163, 4 * 86_400))
    return starts_at, starts_at + length * SECOND


def deal_versions(day: int, population: Population) -> pl.DataFrame:
    """The deals announced on a day by landing day: those of the fortnight that starts three days later, and on the
    first of all days those of the fortnight it is in. One in thirty lands only after it began; one in ten gets half
    as much again some days later.
    """
    fortnights = []
    if (day + _ANNOUNCED_BEFORE) % FORTNIGHT == 0:
        fortnights = [(day + _ANNOUNCED_BEFORE) // FORTNIGHT]
    elif day == population.first_paid_day:
        fortnights = sorted({day // FORTNIGHT, (day + _ANNOUNCED_BEFORE) // FORTNIGHT})
    frames = [_versions(fortnight, day, population) for fortnight in fortnights]
    return pl.concat(frames) if frames else pl.DataFrame()


def _versions(fortnight: int, day: int, population: Population) -> pl.DataFrame:
    every = np.arange(population.sellers, dtype=np.int64)
    seller = every[are_run(every, np.full(len(every), fortnight, dtype=np.int64), population)]
    when = np.full(len(seller), fortnight, dtype=np.int64)
    key = _key(seller, when)
    starts_at, ends_at = windows(seller, when)
    share = _SHARES_BPS[below(key, 164, len(_SHARES_BPS))]
    budget = _budgets(fortnight, seller, (ends_at - starts_at) / DAY, share, population)
    late = np.where(below(key, 165, 30) == 0, _ANNOUNCED_BEFORE + 3 + below(key, 166, 4), 0)
    first = pl.DataFrame(
        {
            "deal_id": identifiers.deal_ids(seller, when),
            "seller_id": identifiers.seller_ids(seller),
            "kind": _KINDS[_kind(key)],
            "platform_share_bps": share,
            "budget_amount": budget,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "updated_at": np.full(len(seller), day * DAY + 28_800 * SECOND, dtype=np.int64),
            "landed_on": day + late,
        }
    ).with_columns(pl.when(pl.Series(_kind(key) == _FLASH_SALE)).then(pl.lit(DEAL_INVITES)).alias("invite_list_id"))
    raised_at = pl.Series("updated_at", starts_at + (1 + below(key, 167, 6)) * DAY)
    raised = first.with_columns(pl.Series("budget_amount", budget + budget // 2), raised_at).with_columns(
        (pl.col("updated_at") // DAY).alias("landed_on")
    )
    return pl.concat([first, raised.filter(pl.Series(below(key, 168, 10) == 0))])


def _budgets(fortnight: int, seller: Ints, days: Floats, share_bps: Ints, population: Population) -> Ints:
    """Whole tens of dollars, twenty dollars at least, by what the shop turns over in the deal's time."""
    through = population.shares_through(fortnight * FORTNIGHT)
    daily_orders = np.diff(through, prepend=0.0)[seller] * (population.orders / PLANNED_DAYS)
    cost = daily_orders * days * population.price_cents[seller] / _ORDERS_A_PRICE * share_bps / 10_000
    percent = _BUDGETS_PERCENT[below(_key(seller, np.full_like(seller, fortnight)), 169, len(_BUDGETS_PERCENT))]
    budget: Ints = np.floor(cost * percent / 100_000).astype(np.int64) * 1_000
    return np.maximum(2_000, budget)


def _kind(key: Ints) -> Ints:
    return below(key, 170, len(_KINDS))


def _key(seller: Ints, fortnight: Ints) -> Ints:
    return seller * 4_000 + fortnight
