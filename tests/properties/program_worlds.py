"""Small worlds in which programs of every kind owe something: three partners, four shops, three creators, six days.

Windows are the four days from 2025-09-30 on, in two months and two rounds, and what is before them two days; amounts are cents.
Partners, shops and creators have names that stand nowhere else, so that they can be renamed. Does not belong here: a law.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, NamedTuple

from compiled.project import Project, compiled_project
from compiled.records import Record, record
from compiled.world import World
from hypothesis import strategies as st
from scenarios.scenario import program_with, shipped_terms

from data_contracts.terms import Program

BEFORE = [date(2025, 9, 28), date(2025, 9, 29)]
COUNTED = [date(2025, 9, 30), date(2025, 10, 1), date(2025, 10, 2), date(2025, 10, 3)]
AS_OF = st.sampled_from([date(2025, 10, 5), date(2025, 10, 6), date(2025, 10, 4), date(2025, 10, 2)])
"""Days on which all months and rounds are final, all are frozen, the last month is about to be final, and is under way."""

PARTNERS, SHOPS, CREATORS = ["P1", "P2", "P3"], ["S1", "S2", "S3", "S4"], ["C1", "C2", "C3"]
LIVES, INVITED, LISTED = ["V1", "V2", "V3", "V4"], ["S1", "S2", "S3"], ["C1", "C2"]
VIDEO: dict[str, Any] = {"content_type": "VIDEO", "target_collaboration_id": "T"}
REFERRERS, REFEREES = ["Ann", "Abe"], ["Bob", "Cat", "Dan"]
NOON, HOUR = time(12), timedelta(hours=1)
amounts = st.integers(0, 300).map(lambda less: 350 - less)
"""Of lines, in cents; most pass the least that some program asks for."""


# Terms


def _days(first_day: date, last_day: date) -> dict[str, date]:
    return {"first_day": first_day, "last_day": last_day}


def _tiers(*steps: tuple[int, int]) -> list[dict[str, int]]:
    return [{"threshold_cents": threshold, "amount_cents": amount} for threshold, amount in steps]


def _places(*cents: int) -> list[dict[str, int]]:
    return [{"first_rank": at, "last_rank": at, "amount_cents": amount} for at, amount in enumerate(cents, start=1)]


TYPES = ["CAP", "TSP"]
DAILY = _tiers((1, 1), (30, 2), (60, 3), (100, 4), (200, 5))
MATCHING = {
    "ranked": _tiers((100, 30), (300, 60), (600, 90)),
    "october_high": _tiers((200, 20), (900, 60)),
    "october_low": _tiers((100, 30), (300, 45)),
}
RACE: dict[str, Any] = {
    "baseline": _days(*BEFORE),
    "min_growth_cents": 50,
    "ranks": _places(70, 40),
    "consistency_cents": 9,
}
LEADERBOARD = {"min_score_cents": 100, "ranks": _places(80, 20)}
ATTENDANCE = {"amount_cents": 6, "event_min_score_cents": 150}
ROUNDS = [{"round": "early", **_days(*COUNTED[:2])}, {"round": "late", **_days(*COUNTED[2:])}]
INCUBATION = _tiers((100, 3), (300, 7), (600, 11))
REFERRAL: dict[str, Any] = {
    "purchase_window_days": 3,
    "min_order_cents": 60,
    "amount_per_referral_cents": 5,
    "milestones": [{"referrals": 1, "amount_cents": 7}, {"referrals": 2, "amount_cents": 9}],
}
SERVICE: dict[str, Any] = {"partner_types": TYPES, "min_gmv_cents": 100, "rate_bps": 2_000, "max_reward_cents": 150}


def _small(shipped: str, program_id: str = "", **terms: Any) -> Program:
    """A shipped program in the small window, with changed terms; another instance of its kind where it is given a name."""
    window = {
        "window": _days(COUNTED[0], COUNTED[-1]),
        "effective_from": COUNTED[0],
        "hold_days": 1,
        "clawback_days": 2,
    }
    return program_with(shipped_terms(shipped), {**window, "program_id": program_id or shipped, **terms}, [])


FIRST = [
    _small("tsp_daily_gmv_2025q4", partner_types=TYPES, baseline=_days(*BEFORE), tiers=DAILY),
    _small("tsp_rank_upgrade_2025q4", partner_types=TYPES),
    _small("tsp_short_video_2025q4", partner_types=TYPES, **RACE),
    _small("affiliate_service_2025q4", **SERVICE),
    _small("bfcm_matching_2025", partner_types=TYPES, class_window=_days(*BEFORE), high_from_cents=90, tiers=MATCHING),
    _small(
        "live_championship_2025q4", partner_types=TYPES, rounds=ROUNDS, leaderboard=LEADERBOARD, attendance=ATTENDANCE
    ),
    _small("creator_incubation_2025q4", partner_types=TYPES, tiers=INCUBATION),
    _small("funded_deals_2025q4"),
    _small("referral_2025q4", **REFERRAL),
]
"""One program of each kind."""

SECOND = [
    _small("tsp_daily_gmv_2025q4", "gross_gmv", measure="gross", service="AFFILIATE", baseline=_days(*BEFORE), tiers=DAILY[2:]),
    _small("tsp_rank_upgrade_2025q4", "cap_ranks", partner_types=["CAP"], ranks=[{"rank": "SILVER", "amount_cents": 8}]),
    _small("cap_short_video_2025q4", **RACE | {"ranks": _places(60), "consistency_cents": 4}),
    _small("affiliate_service_2025q4", "one_shop", **SERVICE, max_sellers=1),
    _small("bfcm_matching_2025", "gross_matching", partner_types=["CAP"], class_window=_days(*BEFORE), measure="gross",
           service="AFFILIATE", ranked_from="SILVER", high_from_cents=60, tiers=MATCHING),
    _small("live_key_events_2025q4", attendance=ATTENDANCE | {"event_min_score_cents": 100}),
    _small("live_championship_2025q4", "hosts", entrants="CREATOR", rounds=[], min_minutes=61, leaderboard=LEADERBOARD,
           invite_list="key_live_events_2025q4"),
    _small("creator_incubation_2025q4", "gross_incubation", partner_types=["TSP"], measure="gross", tiers=INCUBATION[1:]),
    _small("funded_deals_2025q4", "october_deals", window=_days(*COUNTED[1::2]), effective_from=COUNTED[1]),
    _small("referral_2025q4", "one_referral", **REFERRAL, max_referrals=1),
]  # fmt: skip
"""Another one of each kind, with other terms: one_shop and one_referral pay at most one of what the first ones pay."""

PROGRAMS = [*FIRST, *SECOND]


# What happens


def at(day: date, seconds: int = 0) -> datetime:
    """Noon of a day, and so many seconds later."""
    return datetime.combine(day, NOON, UTC) + timedelta(seconds=seconds)


def sale(
    name: str,
    paid_at: datetime,
    seller_id: str,
    cents: int,
    landed_on: date | None = None,
    buyer_id: str = "Zoe",
    **came: Any,
) -> list[Record]:
    """An order of one line that has its name, delivered at once, and what it came from; lands on its day in UTC by itself."""
    line, on = {"order_line_id": name, "order_id": name}, landed_on or paid_at.date()
    return [
        record("orders", on, order_id=name, buyer_id=buyer_id, paid_at=paid_at, delivered_at=paid_at),
        record("order_lines", on, **line, seller_id=seller_id, original_amount_cents=cents),
        record("attributions", on, **line, **{"content_type": "OTHER"} | came),
    ]


def served(partner_id: str, subject_id: str, *services: str, valid_from: date = BEFORE[0]) -> list[Record]:
    """A partner serves a shop or a creator from a day on."""
    kind = "CREATOR" if services == ("CREATOR",) else "SELLER"
    return [
        record("assignments", BEFORE[0], assignment_id=f"{subject_id}/{service}/{valid_from}", partner_id=partner_id,
               subject_type=kind, subject_id=subject_id, service=service, valid_from=valid_from)
        for service in services
    ]  # fmt: skip


def livestream(live_id: str, seller_id: str, creator_id: str, started_at: datetime, seconds: int = 7_200) -> Record:
    """A livestream, which lands on its day."""
    ended_at = started_at + timedelta(seconds=seconds)
    return record("live_sessions", started_at.date(), live_id=live_id, seller_id=seller_id, creator_id=creator_id,
                  started_at=started_at, ended_at=ended_at)  # fmt: skip


@st.composite
def sales(draw: st.DrawFn, prefix: str, days: Sequence[date], at_least: int, at_most: int) -> list[Record]:
    """Sales by livestreams and by short videos, of which one may land the day after; most by a creator whom a partner matched.

    They go round days, shops and so on from where chance begins, so that even the simplest world has something of each.
    """
    lives = [{"content_type": "LIVE", "content_id": live} for live in LIVES]
    ways = [lives[0], VIDEO, lives[1], VIDEO, lives[2], VIDEO, lives[3]]
    records = []
    for number in range(draw(st.integers(at_least, at_most))):
        day = _next(draw, days, number)
        records += sale(
            f"{prefix}{number}", at(day, number), _next(draw, SHOPS, number), draw(amounts) + 7 * number,
            day + draw(st.sampled_from([0, 0, 1])) * timedelta(1), _next(draw, [*REFEREES, "Zoe"], number),
            creator_id=_next(draw, [*CREATORS, None], number), matched_by_partner_id=_next(draw, [*PARTNERS, None], number),
            **_next(draw, ways, number),
        )  # fmt: skip
    return records


def _next(draw: st.DrawFn, choices: Sequence[Any], number: int) -> Any:
    return choices[(number + draw(st.integers(0, len(choices) - 1))) % len(choices)]


@st.composite
def program_worlds(draw: st.DrawFn) -> list[Record]:
    """All records of a world: who serves whom, two days of sales before the windows, and four within."""
    records = [*draw(partners()), *draw(livestreams()), *draw(referrals())]
    records += sale("history", at(BEFORE[0]), "S1", 50)
    records += draw(sales("B", BEFORE, 0, 2)) + draw(sales("L", COUNTED, 8, 14))
    records += draw(deals([row.values for row in records if row.feed == "order_lines"]))
    for number in range(draw(st.integers(0, 2))):
        line, back = f"L{draw(st.integers(0, 7))}", draw(st.integers(1, 200))
        landed_on = draw(st.sampled_from([*COUNTED[1:], date(2025, 10, 5)]))
        records.append(
            record("refunds", landed_on, refund_id=f"R{number}", order_line_id=line, amount_cents=back,
                   completed_at=at(landed_on))
        )  # fmt: skip
    return records


@st.composite
def partners(draw: st.DrawFn) -> list[Record]:
    """Partners with their ranks, the shops and creators that they serve, and some that change their partner in the middle."""
    records = []
    for partner in PARTNERS:
        records.append(record("partners", BEFORE[0], partner_id=partner, partner_type=draw(st.sampled_from(TYPES))))
        for day in (BEFORE[1], *COUNTED[::2]):
            rank = draw(
                st.sampled_from(["BRONZE", "SILVER", "PLATINUM"] if day in BEFORE else ["SILVER", "GOLD", "PLATINUM"])
            )
            records.append(record("partner_ranks", day, partner_id=partner, snapshot_on=day, rank_code=rank))
    for number, subject in [*enumerate(SHOPS), *enumerate(CREATORS)]:
        services = ("SHOP", "AFFILIATE") if subject in SHOPS else ("CREATOR",)
        records += served(PARTNERS[number % len(PARTNERS)], subject, *services)
        if draw(st.sampled_from([False, False, False, True])):
            records += served(draw(st.sampled_from(PARTNERS)), subject, *services, valid_from=COUNTED[2])
    return records


@st.composite
def livestreams(draw: st.DrawFn) -> list[Record]:
    """Livestreams of about an hour or two, of shops that are invited but for one, another for a time; and the listed creators."""
    records = []
    for number, live in enumerate(LIVES):
        shop, creator = _next(draw, SHOPS, number), CREATORS[number % len(CREATORS)]
        seconds = draw(st.sampled_from([7_200, 5_400, 3_660, 3_600, 3_599]))
        records.append(livestream(live, shop, creator, at(_next(draw, COUNTED, number), number), seconds))
    removed_at = draw(st.sampled_from([None, at(COUNTED[2])]))
    names = [("key_live_events_2025q4", shop) for shop in INVITED] + [
        ("incubation_2025q4", creator) for creator in LISTED
    ]
    return records + [
        record(
            "program_lists",
            BEFORE[0],
            list_id=name,
            subject_id=subject,
            removed_at=removed_at if subject == "S2" else None,
        )
        for name, subject in names
    ]


@st.composite
def referrals(draw: st.DrawFn) -> list[Record]:
    """Three friends that two members invited on the first day, some of them flagged."""
    records = [record("members", BEFORE[0], member_id=member) for member in (*REFERRERS, *REFEREES)]
    for number, referee in enumerate(REFEREES):
        signup = at(COUNTED[0]) - HOUR
        records.append(
            record("referral_events", COUNTED[0], event_id=f"E{number}", event_type="SIGNUP", referee_id=referee,
                   referrer_id=draw(st.sampled_from(["Ann", "Ann", "Abe"])), clicked_at=signup, occurred_at=signup)
        )  # fmt: skip
        if draw(st.sampled_from([False, False, True])):
            records.append(
                record(
                    "referral_events",
                    COUNTED[1],
                    event_id=f"F{number}",
                    event_type="FLAG",
                    referee_id=referee,
                    occurred_at=signup,
                )
            )
    return records


@st.composite
def deals(draw: st.DrawFn, lines: list[dict[str, Any]]) -> list[Record]:
    """A deal of each shop whose budget may change, for invited shops or for all, and most lines redeeming that of their shop."""
    budgets = st.sampled_from([60, 0, 150, 10_000])
    records = []
    for shop in SHOPS:
        landings = [BEFORE[0], *([COUNTED[3]] if draw(st.booleans()) else [])]
        for landed_on in landings:
            records.append(
                record("deals", landed_on, deal_id=f"deal of {shop}", seller_id=shop, kind="COUPON",
                       platform_share_bps=draw(st.sampled_from([5_000, 3_333])), budget_amount_cents=draw(budgets),
                       starts_at=at(COUNTED[0]), ends_at=at(COUNTED[3]),
                       invite_list_id=draw(st.sampled_from([None, "key_live_events_2025q4"])))
            )  # fmt: skip
    for line in lines:
        if line["order_line_id"].startswith("L") and draw(st.sampled_from([True, True, True, False])):
            row = draw(redemptions(line))
            records.append(row)
    return records


@st.composite
def redemptions(draw: st.DrawFn, line: dict[str, Any]) -> Record:
    """A line's use of the deal of its shop, or of another one: when it landed, which may be when the deal is over."""
    deal = draw(st.sampled_from([line["seller_id"]] * 4 + ["S1"]))
    moment = at(min(line["landed_on"], COUNTED[3]))
    return record("deal_redemptions", line["landed_on"], redemption_id=f"use of {line['order_line_id']}",
                  deal_id=f"deal of {deal}", order_line_id=line["order_line_id"], redeemed_at=moment,
                  discount_amount_cents=draw(st.sampled_from([51, 100, 199])),
                  restored=draw(st.sampled_from([False] * 7 + [True])))  # fmt: skip


# What is owed


class Candidate(NamedTuple):
    """What the SQL says of one candidate."""

    amount_cents: int
    stage: str
    reason: str
    evidence: dict[str, Any]


class Key(NamedTuple):
    """What an award is called by (rulebook 3)."""

    program_id: str
    period: str
    beneficiary_type: str
    beneficiary_id: str
    subject_id: str
    component: str
    instrument: str


Candidates = dict[Key, Candidate]


@cache
def deciding() -> Project:
    """The models that decide awards, without tests."""
    return compiled_project().upstream("award_candidates").without_checks()


def built(records: Iterable[Record], as_of: date, programs: Sequence[Program] = PROGRAMS) -> World:
    """The world as of a day."""
    world = World(records, programs, project=deciding())
    world.build(as_of)
    return world


def candidates(world: World) -> Candidates:
    """Everybody whom a program looked at."""
    rows = world.rows(f"select {', '.join(Key._fields)}, {', '.join(Candidate._fields)} from awards.award_candidates")
    found = {
        Key(*row[:-4]): Candidate(amount, stage, reason, json.loads(evidence))
        for row in rows
        for amount, stage, reason, evidence in [row[-4:]]
    }
    assert len(found) == len(rows), "two candidates have one key"
    return found


def owed(found: Candidates) -> dict[Key, tuple[int, str]]:
    """Amounts above 0, and their stages."""
    return {key: (one.amount_cents, one.stage) for key, one in found.items() if one.amount_cents > 0}


def renamed(records: Iterable[Record], names: Mapping[str, str]) -> list[Record]:
    """The same records with other names."""
    return [Record(row.feed, {column: _name(value, names) for column, value in row.values.items()}) for row in records]


def renamed_candidates(found: Candidates, names: Mapping[str, str]) -> Candidates:
    """The same candidates with other names, in their evidence too."""
    return {
        Key(*(_name(value, names) for value in key)): one._replace(
            evidence={figure: _name(value, names) for figure, value in one.evidence.items()}
        )
        for key, one in found.items()
    }


def _name(value: Any, names: Mapping[str, str]) -> Any:
    return names.get(value, value) if isinstance(value, str) else value
