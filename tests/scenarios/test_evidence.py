"""An award's evidence names every figure that decided it, and says where a cut-off was read as the first delivery.

Those who get nothing are told why.
"""

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


def candidate_of(file: str, name: str, as_of: date, beneficiary: str) -> tuple[str, dict[str, Any]]:
    """Why a beneficiary has what it has in a scenario as of a day, and the evidence; KeyError where nobody looked at it."""
    (scenario,) = [found for found in scenarios_of(file) if found.name == name]
    world = scenario.world()
    world.build(as_of)
    rows = world.rows(f"select beneficiary_id, reason, evidence from awards.{scenario.program.kind}")
    reason, evidence = {row[0]: row[1:] for row in rows}[beneficiary]
    return reason, json.loads(evidence)


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


def test_figures_of_a_rank_upgrade() -> None:
    assert evidence_of("rank_upgrade.yaml", "a rank lost, the one below it kept", date(2025, 11, 11)) == {
        "prior_rank": "BRONZE",
        "has_prior_snapshot": True,
        "snapshots_first_day": "2025-10-01",
        "snapshots_last_day": "2025-11-11",
        "known_through": "2025-11-11",
        "is_cut_off_read_as_first_delivery": False,
        "snapshots": 7,
        "rank_changes": "2025-10-06 SILVER, 2025-10-13 GOLD, 2025-10-20 PLATINUM, 2025-10-27 GOLD, "
        "2025-11-03 PLATINUM, 2025-11-10 GOLD",
        "kept_rank": "GOLD",
        "kept_since": "2025-10-13",
        "lost_ranks": "PLATINUM 2025-10-20 to 2025-10-27",
        "next_rank": "DIAMOND",
    }


def test_ranks_that_were_lost_below_the_one_that_is_kept() -> None:
    name = "a rank lost, a higher one reached afterwards"
    evidence = evidence_of("rank_upgrade.yaml", name, date(2025, 10, 21))
    assert (evidence["kept_rank"], evidence["kept_since"]) == ("PLATINUM", "2025-10-20")
    assert evidence["lost_ranks"] == "SILVER 2025-10-06 to 2025-10-13, GOLD 2025-10-06 to 2025-10-13"


def test_a_rank_upgrade_without_a_snapshot_from_before() -> None:
    evidence = evidence_of("rank_upgrade.yaml", "without any snapshot before it is BRONZE", date(2025, 10, 7))
    assert (evidence["prior_rank"], evidence["has_prior_snapshot"]) == ("BRONZE", False)
    assert (evidence["kept_rank"], evidence["next_rank"]) == ("SILVER", "GOLD")


def test_a_rank_upgrade_without_a_snapshot_in_the_window() -> None:
    _, evidence = candidate_of("rank_upgrade.yaml", "two ranks at once", date(2025, 10, 6), "P1")
    assert (evidence["snapshots"], evidence["rank_changes"], evidence["kept_rank"]) == (0, None, None)


def test_snapshots_count_up_to_the_last_day_of_the_window() -> None:
    evidence = evidence_of(
        "rank_upgrade.yaml", "the first delivery of orders comes after the freeze", date(2026, 4, 11)
    )
    assert (evidence["snapshots_last_day"], evidence["known_through"]) == ("2025-12-31", "2026-04-10")
    assert evidence["is_cut_off_read_as_first_delivery"] is True


@pytest.mark.parametrize(
    ("name", "as_of", "beneficiary", "reason"),
    [
        ("two ranks at once", date(2025, 10, 7), "P1", "rank reached and kept"),
        ("a rank lost and regained", date(2025, 10, 21), "P1", "every rank above the prior one was lost again"),
        ("two ranks at once", date(2025, 10, 6), "P1", "no rank snapshot in the window so far"),
        ("nothing is above the highest rank", date(2025, 10, 7), "P1", "no rank above the prior one that pays"),
        ("terms that pay for one rank alone", date(2025, 10, 7), "P1", "no rank above the prior one that pays"),
    ],
)
def test_reasons_of_rank_upgrades(name: str, as_of: date, beneficiary: str, reason: str) -> None:
    assert candidate_of("rank_upgrade.yaml", name, as_of, beneficiary)[0] == reason


def test_figures_of_matched_gmv() -> None:
    assert evidence_of(
        "creator_matching_challenge.yaml", "a rank counts for more than October", date(2025, 11, 13)
    ) == {
        "measure": "net",
        "service": "SHOP",
        "class_window_first_day": "2025-10-01",
        "class_window_last_day": "2025-10-31",
        "baseline_known_through": "2025-11-12",
        "is_baseline_cut_off_read_as_first_delivery": False,
        "latest_rank": "PLATINUM",
        "latest_snapshot_on": "2025-11-10",
        "ranked_from": "PLATINUM",
        "class_gmv_cents": 62_000_000,
        "class_window_days": 31,
        "class_daily_gmv_cents": 2_000_000,
        "high_from_cents": 2_000_000,
        "class": "ranked",
        "counted_first_day": "2025-11-12",
        "counted_last_day": "2025-11-12",
        "known_through": "2025-11-13",
        "is_cut_off_read_as_first_delivery": False,
        "matched_gmv_cents": 2_000_000,
        "tier_cents": 2_000_000,
        "next_tier_cents": 10_000_000,
        "has_history": True,
    }


def test_figures_of_a_partner_that_matched_nothing() -> None:
    file, name = "creator_matching_challenge.yaml", "a later version names types of partners"
    _, evidence = candidate_of(file, name, date(2025, 11, 13), "P9")
    figures = ("class", "latest_rank", "class_gmv_cents", "matched_gmv_cents", "tier_cents", "next_tier_cents")
    assert [evidence[figure] for figure in figures] == ["october_low", None, 0, 0, None, 500_000]


@pytest.mark.parametrize(
    ("name", "as_of", "beneficiary"),
    [
        ("any partner may earn", date(2025, 11, 12), "P1"),  # no counted day
        ("the first delivery comes after the first day", date(2025, 11, 19), "P1"),
        ("lines that a partner did not match itself", date(2025, 11, 13), "P1"),  # a shop's partner, without a record
        ("partners of the named types", date(2025, 11, 13), "P3"),
    ],
)
def test_who_is_no_candidate_for_matching(name: str, as_of: date, beneficiary: str) -> None:
    with pytest.raises(KeyError):
        candidate_of("creator_matching_challenge.yaml", name, as_of, beneficiary)


def test_matched_gmv_as_known_at_the_first_delivery() -> None:
    file, name = "creator_matching_challenge.yaml", "the first delivery comes after the freeze"
    evidence = evidence_of(file, name, date(2026, 4, 11))
    assert evidence["is_baseline_cut_off_read_as_first_delivery"] is True
    assert evidence["is_cut_off_read_as_first_delivery"] is True
    assert (evidence["class"], evidence["latest_rank"]) == ("october_low", None)


@pytest.mark.parametrize(
    ("name", "beneficiary", "reason"),
    [
        ("any partner may earn", "P3", "tier reached"),
        ("tiers of all others", "P1", "below the first tier of the class"),
        ("no history", "P1", "no history: no line counts in the class window"),
        ("a later version names types of partners", "P9", "below the first tier of the class"),
    ],
)
def test_reasons_of_matching(name: str, beneficiary: str, reason: str) -> None:
    assert candidate_of("creator_matching_challenge.yaml", name, date(2025, 11, 13), beneficiary)[0] == reason


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
