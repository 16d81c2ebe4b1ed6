"""The referral campaign of the last quarter of 2025: who invited whom, and everything that can go wrong with it.

One plan is made for the whole campaign (a hundredth of the orders), since a referrer's friends come on many days.
Does not belong here: the orders that the friends place, which ``orders`` draws with the purchases planned here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

import numpy as np
import polars as pl

from orchestration.sample import identifiers, members
from orchestration.sample.draws import DAY, SECOND, Flags, Ints, Topic, below, day_number, day_of, stream
from orchestration.sample.population import Population

CAMPAIGN_DAYS = (day_number(date(2025, 10, 1)), day_number(date(2025, 12, 31)))
# Members that come by invitation are numbered from here on, past all others.
FIRST_REFEREE = 1 << 36
ORDERS_PER_REFERRAL = 100


class Case(IntEnum):
    """What becomes of a referral."""

    GOOD = 0
    NEVER_BUYS = 1
    BUYS_LATE = 2
    BUYS_LITTLE = 3
    CLICK_TOO_OLD = 4
    CLICK_MISSING = 5
    SELF_REFERRAL = 6
    EMPLOYEE = 7
    OTHER_COUNTRY = 8
    SHARED_DEVICE = 9
    FLAGGED_AND_CLEARED = 10
    FLAGGED = 11
    VOIDED = 12
    OLD_CUSTOMER = 13
    REFUNDED_SOON = 14
    REFUNDED_LATE = 15
    INVITED_TWICE = 16


class Purchase(IntEnum):
    """How the order that a friend places differs from others."""

    PLAIN = 0
    LITTLE = 1
    REFUNDED_SOON = 2
    REFUNDED_LATE = 3


# A hundred referrals: how many friends each of their referrers has, and from the 41st friend on what goes wrong.
_FRIENDS = (14, 6, 6, 4, 4, 3, 3) + (2,) * 10 + (1,) * 40
_TROUBLES = (
    [Case.NEVER_BUYS] * 14
    + [Case.BUYS_LATE] * 4
    + [Case.BUYS_LITTLE] * 2
    + [Case.CLICK_TOO_OLD] * 3
    + [Case.CLICK_MISSING, Case.SELF_REFERRAL, Case.EMPLOYEE, Case.INVITED_TWICE]
    + [Case.OTHER_COUNTRY] * 3
    + [Case.FLAGGED_AND_CLEARED] * 2
    + [Case.FLAGGED] * 2
    + [Case.VOIDED] * 2
    + [Case.OLD_CUSTOMER] * 2
    + [Case.REFUNDED_SOON] * 3
    + [Case.REFUNDED_LATE] * 3
    + [Case.GOOD] * 16
)
# Among the greatest referrers: a ring of four friends with one device, and the third friend of one sends all back.
_GREAT = [Case.GOOD] * 30 + [Case.SHARED_DEVICE] * 4 + [Case.GOOD] * 2 + [Case.REFUNDED_LATE] + [Case.GOOD] * 3
_SUPER_FRIENDS = 64
_SUPER_FROM_REFERRALS = 400


@dataclass(frozen=True)
class ReferralPlan:
    """Members and events by the day they land (column landed_on), and purchases sorted by their day."""

    members: pl.DataFrame
    events: pl.DataFrame
    purchase_days: Ints
    buyers: Ints
    kinds: Ints

    def purchases_on(self, day: int) -> tuple[Ints, Ints]:
        """The members that buy on a day as planned, and how (``Purchase``)."""
        first, last = np.searchsorted(self.purchase_days, [day, day + 1])
        return self.buyers[first:last], self.kinds[first:last]


@dataclass(frozen=True)
class _Referrals:
    """One entry a referral: its case, both members, and when it was clicked and signed up (UTC microseconds)."""

    case: Ints
    referee: Ints
    referrer: Ints
    clicked_at: Ints
    signed_up_at: Ints

    def of(self, *cases: Case) -> Flags:
        return np.isin(self.case, [int(case) for case in cases])


def plan(population: Population, orders: int, seed: int) -> ReferralPlan:
    """The campaign's referrals, from the seed alone; none where it ended before the history starts."""
    count = 0 if CAMPAIGN_DAYS[0] < population.first_paid_day else orders // ORDERS_PER_REFERRAL
    generator = stream(seed, Topic.REFERRALS)
    referrals = _referrals(population, count, generator)
    days, buyers, kinds = _purchases(referrals, generator)
    order = np.argsort(days, kind="stable")
    return ReferralPlan(
        _referee_records(referrals), _events(referrals, generator), days[order], buyers[order], kinds[order]
    )


def _referrals(population: Population, count: int, generator: np.random.Generator) -> _Referrals:
    friends = _SUPER_FRIENDS if count >= _SUPER_FROM_REFERRALS else 0
    blocks = (count - friends) // 100 + 1
    sizes = np.concatenate([[friends], np.tile(_FRIENDS, blocks)])
    troubles = [generator.permutation(np.array(_TROUBLES, dtype=np.int64)) for _ in range(blocks)]
    block_cases = [np.concatenate([np.array(_GREAT, dtype=np.int64), trouble]) for trouble in troubles]
    case = np.concatenate([np.zeros(friends, dtype=np.int64), *block_cases])[:count]
    referrers = generator.choice(
        population.first_members, size=len(sizes), replace=len(sizes) > 0.5 * population.first_members
    )
    referrer = np.repeat(referrers.astype(np.int64), sizes)[:count]
    index = np.arange(count, dtype=np.int64)
    referee = np.where(case == Case.SELF_REFERRAL, referrer, FIRST_REFEREE + index)
    first, last = CAMPAIGN_DAYS
    day = first + np.floor((last - first + 1) * generator.random(count) ** 1.2).astype(np.int64)
    signed_up_at = day * DAY + generator.integers(0, 86_400, count) * SECOND
    minutes = np.floor(generator.exponential(2_000, count)).astype(np.int64) % (25 * 1_440) + 1
    age = np.where(case == Case.CLICK_TOO_OLD, (31 + below(index, 31, 29)) * DAY, minutes * 60 * SECOND)
    return _Referrals(case, referee, referrer, signed_up_at - age, signed_up_at)


def _purchases(referrals: _Referrals, generator: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Days, buyers and kinds of the planned purchases; an old customer has one from before the sign-up as well."""
    count = len(referrals.case)
    signup_day = day_of(referrals.signed_up_at)
    wait = 1 + np.floor(generator.exponential(6, count)).astype(np.int64) % 24
    wait = np.where(referrals.of(Case.BUYS_LATE), 35 + wait % 15, wait)
    kind = np.full(count, int(Purchase.PLAIN), dtype=np.int64)
    kind[referrals.of(Case.BUYS_LITTLE)] = Purchase.LITTLE
    kind[referrals.of(Case.REFUNDED_SOON)] = Purchase.REFUNDED_SOON
    kind[referrals.of(Case.REFUNDED_LATE)] = Purchase.REFUNDED_LATE
    buys = ~referrals.of(Case.NEVER_BUYS)
    old = referrals.of(Case.OLD_CUSTOMER)
    return (
        np.concatenate([(signup_day + wait)[buys], signup_day[old] - 20 - wait[old]]),
        np.concatenate([referrals.referee[buys], referrals.referee[old]]),
        np.concatenate([kind[buys], np.full(int(old.sum()), int(Purchase.PLAIN), dtype=np.int64)]),
    )


def _referee_records(referrals: _Referrals) -> pl.DataFrame:
    """The friends as members; a ring shares its referrer's device, and in part the means of payment."""
    new = ~referrals.of(Case.SELF_REFERRAL)
    referee, referrer = referrals.referee[new], referrals.referrer[new]
    joined_at = referrals.signed_up_at[new] - np.where(referrals.of(Case.OLD_CUSTOMER)[new], 60 * DAY, 90 * SECOND)
    shared = referrals.of(Case.SHARED_DEVICE)[new]
    country = members.countries(referrer)
    moved = np.where(country == "US", "CA", "US")
    frame = members.records(referee, joined_at)
    own = frame.select("device_hash", "payment_hash")
    ring = members.records(referrer, joined_at).select("device_hash", "payment_hash")
    is_shared = pl.Series(shared)
    return frame.with_columns(
        pl.Series("country", np.where(referrals.of(Case.OTHER_COUNTRY)[new], moved, country)),
        pl.Series("is_employee", referrals.of(Case.EMPLOYEE)[new]),
        # A device that no member gave is unknown, and two unknown ones are not shared: the ring's is always known.
        ring["device_hash"].fill_null("device-shared").zip_with(is_shared, own["device_hash"]).alias("device_hash"),
        ring["payment_hash"]
        .zip_with(is_shared & pl.Series(referee % 2 == 0), own["payment_hash"])
        .alias("payment_hash"),
    )


def _events(referrals: _Referrals, generator: np.random.Generator) -> pl.DataFrame:
    """All events by landing day; one in fifty lands a day late."""
    count = len(referrals.case)
    flagged_at = referrals.signed_up_at + generator.integers(1, 8, count) * DAY
    cleared_at = flagged_at + generator.integers(2, 10, count) * DAY
    voided_at = referrals.signed_up_at + generator.integers(5, 40, count) * DAY
    flagged = referrals.of(Case.FLAGGED, Case.FLAGGED_AND_CLEARED)
    frames = [
        _signups(referrals, np.ones(count, dtype=np.bool_), 0),
        _signups(referrals, referrals.of(Case.INVITED_TWICE), 3),
        _events_of("FLAG", referrals.referee, flagged_at, flagged),
        _events_of("CLEAR", referrals.referee, cleared_at, referrals.of(Case.FLAGGED_AND_CLEARED)),
        _events_of("VOID", referrals.referee, voided_at, referrals.of(Case.VOIDED)),
    ]
    events = pl.concat(frames).sort("occurred_at", "event_type", "referee_id")
    number = np.arange(len(events), dtype=np.int64)
    landed = day_of(events["occurred_at"].to_numpy()) + (below(number, 32, 50) == 0)
    return events.with_columns(
        pl.Series("event_id", identifiers.event_ids(number)), pl.Series("landed_on", landed, dtype=pl.Int64)
    )


def _signups(referrals: _Referrals, chosen: Flags, days_later: int) -> pl.DataFrame:
    """SIGNUP events; those some days later name another referrer than the first, who holds."""
    referee = referrals.referee[chosen]
    referrer = np.roll(referrals.referrer, 1 if days_later else 0)[chosen]
    clicked = pl.Series(referrals.clicked_at[chosen], dtype=pl.Int64)
    missing = pl.Series(referrals.of(Case.CLICK_MISSING)[chosen])
    return pl.DataFrame(
        {
            "event_type": pl.repeat("SIGNUP", len(referee), eager=True),
            "referee_id": identifiers.member_ids(referee),
            "referrer_id": identifiers.member_ids(referrer),
            "referral_code": below(referrer, 33, 10**8),
            "clicked_at": pl.select(pl.when(~missing).then(clicked + days_later * DAY)).to_series(),
            "occurred_at": referrals.signed_up_at[chosen] + days_later * DAY,
        }
    ).with_columns(pl.format("TT{}", "referral_code").alias("referral_code"))


def _events_of(event_type: str, referee: Ints, occurred_at: Ints, chosen: Flags) -> pl.DataFrame:
    return pl.DataFrame(
        {"referee_id": identifiers.member_ids(referee[chosen]), "occurred_at": occurred_at[chosen]}
    ).select(
        pl.lit(event_type).alias("event_type"),
        "referee_id",
        pl.lit(None, dtype=pl.Int64).alias("referrer_id"),
        pl.lit(None, dtype=pl.String).alias("referral_code"),
        pl.lit(None, dtype=pl.Int64).alias("clicked_at"),
        "occurred_at",
    )
