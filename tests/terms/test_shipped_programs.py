"""The programs that ship have the figures of RULEBOOK 2, 2.1, 2.2 and 5."""

from __future__ import annotations

from datetime import date

import pytest


def written_out(program):
    """The terms without their descriptions."""
    keys = {"title", "source", "basis"}
    return program.model_dump(exclude={*keys, "versions"}), [
        version.model_dump(exclude={"basis"}) for version in program.versions
    ]


def test_two_programs_ship(shipped):
    assert [program.program_id for program in shipped] == ["referral_2025q4", "tsp_daily_gmv_2025q4"]


def test_the_referral_program(shipped):
    fixed, versions = written_out(shipped[0])
    assert fixed == {
        "program_id": "referral_2025q4",
        "kind": "referral_reward",
        "window": {"first_day": date(2025, 10, 1), "last_day": date(2025, 12, 31)},
        "hold_days": 30,
        "clawback_days": 90,
        "purchase_window_days": 30,
        "instrument": "SHOP_CREDIT",
    }
    assert versions == [
        {
            "effective_from": date(2025, 10, 1),
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
        }
    ]


def test_the_program_of_daily_gmv(shipped):
    fixed, versions = written_out(shipped[1])
    assert fixed == {
        "program_id": "tsp_daily_gmv_2025q4",
        "kind": "incremental_daily_gmv",
        "window": {"first_day": date(2025, 10, 1), "last_day": date(2025, 12, 31)},
        "hold_days": 30,
        "clawback_days": 90,
        "instrument": "CASH",
    }
    assert versions == [
        {
            "effective_from": date(2025, 10, 1),
            "measure": "net",
            "service": "SHOP",
            "partner_types": ("TSP",),
            "baseline": {"first_day": date(2025, 9, 1), "last_day": date(2025, 9, 30)},
            "baseline_floor_cents": 0,
            "tiers": (
                {"threshold_cents": 1_000_000, "amount_cents": 500_000},
                {"threshold_cents": 2_500_000, "amount_cents": 800_000},
                {"threshold_cents": 5_000_000, "amount_cents": 1_200_000},
                {"threshold_cents": 10_000_000, "amount_cents": 2_000_000},
            ),
        }
    ]


@pytest.mark.parametrize("place", [0, 1])
def test_no_terms_can_be_changed_in_memory(shipped, place):
    with pytest.raises(ValueError, match="frozen"):
        shipped[place].hold_days = 1
