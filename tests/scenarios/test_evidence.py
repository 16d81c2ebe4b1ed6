"""An award's evidence names every figure that decided it, and says where a cut-off was read as the first delivery."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from scenarios.scenario import scenarios_of


def evidence_of(file: str, name: str, as_of: date) -> dict[str, Any]:
    """The evidence of the only award in a scenario as of a day."""
    (scenario,) = [found for found in scenarios_of(file) if found.name == name]
    world = scenario.world()
    world.build(as_of)
    ((evidence,),) = world.rows(f"select evidence from awards.{scenario.program.kind} where amount_cents > 0")
    return json.loads(evidence)


def test_figures_of_daily_gmv() -> None:
    assert evidence_of("golden.yaml", "golden world", date(2025, 10, 4)) == {
        "measure": "net",
        "service": "SHOP",
        "baseline_first_day": "2025-09-01",
        "baseline_last_day": "2025-09-30",
        "baseline_known_through": "2025-10-04",
        "is_baseline_cut_off_read_as_first_delivery": False,
        "baseline_gmv_cents": 3_000_000,
        "baseline_days": 30,
        "baseline_cents": 100_000,
        "baseline_floor_cents": 0,
        "counted_first_day": "2025-10-01",
        "counted_last_day": "2025-10-03",
        "known_through": "2025-10-04",
        "is_cut_off_read_as_first_delivery": False,
        "counted_gmv_cents": 4_300_000,
        "counted_days": 3,
        "current_cents": 1_433_333,
        "increment_cents": 1_333_333,
        "tier_cents": 1_000_000,
        "next_tier_cents": 2_500_000,
        "has_history": True,
    }


@pytest.mark.parametrize(
    ("name", "as_of", "baseline_is_read", "other_is_read"),
    [
        ("the first delivery comes after the baseline's freeze", date(2025, 11, 16), True, False),
        ("the first delivery comes after the freeze", date(2026, 4, 11), True, True),
    ],
)
def test_cut_offs_read_as_the_first_delivery(
    name: str, as_of: date, baseline_is_read: bool, other_is_read: bool
) -> None:
    evidence = evidence_of("incremental_daily_gmv.yaml", name, as_of)
    assert evidence["is_baseline_cut_off_read_as_first_delivery"] is baseline_is_read
    assert evidence["is_cut_off_read_as_first_delivery"] is other_is_read


def test_figures_of_a_referral() -> None:
    assert evidence_of("referral_reward.yaml", "a referral from sign-up to final", date(2025, 11, 7)) == {
        "status": "FINAL",
        "reason": "delivered and held long enough",
        "amount_per_referral_cents": 5_000,
        "signed_up_at": "2025-10-03 10:00:00+00",
        "order_id": "O1",
        "paid_at": "2025-10-05 12:00:00+00",
        "delivered_at": "2025-10-08 23:59:59+00",
        "final_on": "2025-11-07",
        "is_flagged": False,
        "place": 1,
        "max_referrals": 50,
        "known_through": "2025-11-07",
        "is_cut_off_read_as_first_delivery": False,
    }
