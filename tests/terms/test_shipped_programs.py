"""The programs that ship have the figures of RULEBOOK 2, 2.1 to 2.9 and 5, each written out by hand."""

from __future__ import annotations

from datetime import date

import pytest

FIRST, LAST = date(2025, 10, 1), date(2025, 12, 31)
QUARTER = {"first_day": FIRST, "last_day": LAST}
SEPTEMBER = {"first_day": date(2025, 9, 1), "last_day": date(2025, 9, 30)}


def tiers(*steps):
    return tuple({"threshold_cents": threshold, "amount_cents": amount} for threshold, amount in steps)


def places(*stretches):
    return tuple({"first_rank": first, "last_rank": last, "amount_cents": amount} for first, last, amount in stretches)


def round_of(name, first, last):
    return {"round": name, "first_day": first, "last_day": last}


# program_id: kind, instrument, what differs in the fixed part, the version without effective_from
SHIPPED = {
    "affiliate_service_2025q4": (
        "affiliate_service",
        "AD_CREDIT",
        {},
        {
            "measure": "net",
            "service": "AFFILIATE",
            "partner_types": (),
            "min_gmv_cents": 100_000,
            "rate_bps": 500,
            "max_reward_cents": 100_000,
            "max_sellers": 70,
        },
    ),
    "bfcm_matching_2025": (
        "creator_matching_challenge",
        "CASH",
        {"window": {"first_day": date(2025, 11, 12), "last_day": date(2025, 12, 1)}},
        {
            "measure": "net",
            "service": "SHOP",
            "partner_types": (),
            "class_window": {"first_day": date(2025, 10, 1), "last_day": date(2025, 10, 31)},
            "ranked_from": "PLATINUM",
            "high_from_cents": 2_000_000,
            "tiers": {
                "ranked": tiers(
                    (2_000_000, 400_000), (10_000_000, 800_000), (25_000_000, 1_500_000), (50_000_000, 2_500_000)
                ),
                "october_high": tiers(
                    (500_000, 150_000), (2_000_000, 300_000), (5_000_000, 600_000), (10_000_000, 1_200_000)
                ),
                "october_low": tiers((500_000, 100_000), (2_000_000, 200_000)),
            },
        },
    ),
    "cap_short_video_2025q4": (
        "short_video_growth",
        "AD_CREDIT",
        {},
        {
            "measure": "net",
            "service": "AFFILIATE",
            "partner_types": ("CAP",),
            "baseline": SEPTEMBER,
            "min_growth_cents": 100_000,
            "ranks": places((1, 1, 300_000), (2, 5, 150_000)),
            "consistency_cents": 100_000,
        },
    ),
    "creator_incubation_2025q4": (
        "creator_incubation",
        "CASH",
        {},
        {
            "measure": "net",
            "service": "CREATOR",
            "partner_types": (),
            "creators_list": "incubation_2025q4",
            "tiers": tiers((100_000, 100_000), (1_000_000, 250_000), (5_000_000, 500_000), (10_000_000, 1_000_000)),
        },
    ),
    "funded_deals_2025q4": ("funded_deals", "CASH", {}, {"measure": "net"}),
    "live_championship_2025q4": (
        "live_championship",
        "CASH",
        {
            "entrants": "PARTNER",
            "rounds": (
                round_of("warmup", date(2025, 10, 20), date(2025, 10, 26)),
                round_of("bfcm", date(2025, 11, 24), date(2025, 12, 1)),
                round_of("finale", date(2025, 12, 8), date(2025, 12, 14)),
            ),
        },
        {
            "measure": "net",
            "service": "SHOP",
            "partner_types": (),
            "min_minutes": 60,
            "invite_list": None,
            "leaderboard": {
                "min_score_cents": 50_000,
                "ranks": places((1, 1, 1_000_000), (2, 2, 500_000), (3, 3, 250_000)),
            },
            "attendance": None,
        },
    ),
    "live_key_events_2025q4": (
        "live_championship",
        "CASH",
        {"entrants": "PARTNER", "rounds": ()},
        {
            "measure": "net",
            "service": "SHOP",
            "partner_types": (),
            "min_minutes": 90,
            "invite_list": "key_live_events_2025q4",
            "leaderboard": None,
            "attendance": {"amount_cents": 25_000, "event_min_score_cents": 210_000},
        },
    ),
    "referral_2025q4": (
        "referral_reward",
        "SHOP_CREDIT",
        {"purchase_window_days": 30},
        {
            "measure": "net",
            "click_window_days": 30,
            "min_order_cents": 1_000,
            "amount_per_referral_cents": 5_000,
            "max_referrals": 50,
            "milestones": (
                {"referrals": 3, "amount_cents": 5_000},
                {"referrals": 5, "amount_cents": 10_000},
                {"referrals": 10, "amount_cents": 20_000},
            ),
        },
    ),
    "tsp_daily_gmv_2025q4": (
        "incremental_daily_gmv",
        "CASH",
        {},
        {
            "measure": "net",
            "service": "SHOP",
            "partner_types": ("TSP",),
            "baseline": SEPTEMBER,
            "baseline_floor_cents": 0,
            "tiers": tiers((1_000_000, 500_000), (2_500_000, 800_000), (5_000_000, 1_200_000), (10_000_000, 2_000_000)),
        },
    ),
    "tsp_rank_upgrade_2025q4": (
        "rank_upgrade",
        "CASH",
        {},
        {
            "partner_types": ("TSP",),
            "ranks": (
                {"rank": "SILVER", "amount_cents": 200_000},
                {"rank": "GOLD", "amount_cents": 400_000},
                {"rank": "PLATINUM", "amount_cents": 700_000},
                {"rank": "DIAMOND", "amount_cents": 1_000_000},
            ),
        },
    ),
    "tsp_short_video_2025q4": (
        "short_video_growth",
        "AD_CREDIT",
        {},
        {
            "measure": "net",
            "service": "SHOP",
            "partner_types": ("TSP",),
            "baseline": SEPTEMBER,
            "min_growth_cents": 100_000,
            "ranks": places((1, 1, 500_000), (2, 5, 300_000), (6, 10, 200_000), (11, 15, 100_000)),
            "consistency_cents": 200_000,
        },
    ),
}


def test_eleven_programs_ship(shipped):
    assert [program.program_id for program in shipped] == sorted(SHIPPED)


@pytest.mark.parametrize("program_id", SHIPPED)
def test_a_program_has_the_figures_of_the_rulebook(shipped, program_id):
    (program,) = (program for program in shipped if program.program_id == program_id)
    kind, instrument, differs, version = SHIPPED[program_id]
    fixed = {"program_id": program_id, "kind": kind, "instrument": instrument, "hold_days": 30, "clawback_days": 90}
    fixed |= {"window": QUARTER} | differs
    described = {"title", "source", "basis"}
    assert program.model_dump(exclude={*described, "versions"}) == fixed
    first_day = fixed["window"]["first_day"]
    assert [one.model_dump(exclude={"basis"}) for one in program.versions] == [version | {"effective_from": first_day}]


def test_no_terms_can_be_changed_in_memory(shipped):
    for program in shipped:
        with pytest.raises(ValueError, match="frozen"):
            program.hold_days = 1


def test_periods_are_months_rounds_a_campaign_or_the_window(shipped):
    periods = {program.program_id: [period.period for period in program.periods()] for program in shipped}
    window, months = ["2025-10-01..2025-12-31"], ["2025-10", "2025-11", "2025-12"]
    assert periods == {
        "affiliate_service_2025q4": window,
        "bfcm_matching_2025": ["2025-11-12..2025-12-01"],
        "cap_short_video_2025q4": months,
        "creator_incubation_2025q4": window,
        "funded_deals_2025q4": months,
        "live_championship_2025q4": ["warmup", "bfcm", "finale"],
        "live_key_events_2025q4": window,
        "referral_2025q4": ["referral_2025q4"],
        "tsp_daily_gmv_2025q4": window,
        "tsp_rank_upgrade_2025q4": window,
        "tsp_short_video_2025q4": months,
    }
