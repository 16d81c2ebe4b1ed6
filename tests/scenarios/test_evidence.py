"""An award's evidence names every figure that decided it, and says where a cut-off was read as the first delivery.

Those who get nothing are told why.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from data_contracts.terms import load_programs
from scenarios.scenario import PROGRAMS, found_statuses, scenarios_of


def evidence_of(file: str, name: str, as_of: date) -> dict[str, Any]:
    """The evidence of the only award in a scenario as of a day."""
    (scenario,) = [found for found in scenarios_of(file) if found.name == name]
    world = scenario.world()
    world.build(as_of)
    ((evidence,),) = world.rows(f"select evidence from awards.{scenario.program.kind} where amount_cents > 0")
    return json.loads(evidence)


def candidates_of(
    file: str, name: str, as_of: date, called: str = "beneficiary_id"
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Why everybody has what they have in a scenario as of a day, and the evidence, by the column that tells them apart."""
    (scenario,) = [found for found in scenarios_of(file) if found.name == name]
    world = scenario.world()
    world.build(as_of)
    rows = world.rows(f"select {called}, reason, evidence from awards.{scenario.program.kind}")
    return {who: (reason, json.loads(evidence)) for who, reason, evidence in rows}


def candidate_of(file: str, name: str, as_of: date, beneficiary: str) -> tuple[str, dict[str, Any]]:
    """Why a beneficiary has what it has in a scenario as of a day, and the evidence; KeyError where nobody looked at it."""
    return candidates_of(file, name, as_of)[beneficiary]


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
    ("name", "reached", "next_one"),
    [
        ("one cent below the lowest tier", None, 1_000_000),
        ("one cent below the highest tier", 5_000_000, 10_000_000),
        ("highest tier hit exactly", 10_000_000, None),
    ],
)
def test_tiers_of_daily_gmv(name: str, reached: int | None, next_one: int | None) -> None:
    """Of several tiers that are reached the highest, of those above it the lowest."""
    _, evidence = candidate_of("incremental_daily_gmv.yaml", name, date(2025, 10, 2), "P1")
    assert (evidence["tier_cents"], evidence["next_tier_cents"]) == (reached, next_one)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("lowest tier hit exactly", "tier reached"),
        ("one cent below the lowest tier", "below the first tier"),
        ("no history", "no history: no line counts in the baseline window"),
    ],
)
def test_reasons_of_daily_gmv(name: str, reason: str) -> None:
    assert candidate_of("incremental_daily_gmv.yaml", name, date(2025, 10, 2), "P1")[0] == reason


def test_daily_gmv_of_a_partner_without_lines() -> None:
    """It is a candidate as everybody of its type is, with 0 cents a day."""
    name = "a program of the service CREATOR follows the attribution"
    reason, evidence = candidate_of("incremental_daily_gmv.yaml", name, date(2025, 10, 2), "P2")
    assert reason == "below the first tier"
    figures = ("baseline_gmv_cents", "baseline_cents", "counted_gmv_cents", "current_cents", "increment_cents")
    assert [evidence[figure] for figure in figures] == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("as_of", [date(2025, 11, 14), date(2025, 9, 30), date(2025, 10, 1)])
def test_nobody_is_a_candidate_for_daily_gmv_before_the_first_delivery_or_counted_day(as_of: date) -> None:
    name = (
        "the first delivery comes after the baseline's freeze" if as_of.month == 11 else "the day itself is not counted"
    )
    with pytest.raises(KeyError):
        candidate_of("incremental_daily_gmv.yaml", name, as_of, "P1")


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


def test_figures_of_referrals_without_a_place() -> None:
    """Those that fail or wait take no place, and neither does a purchase that still waits when the campaign closes."""
    file = "referral_reward.yaml"
    for name, as_of, referee in (
        ("oneself, employees, strangers and foreigners", date(2025, 10, 5), "Cat"),
        ("a purchase one second too late", date(2025, 11, 3), "Bob"),
        ("still flagged when the campaign closes", date(2026, 5, 30), "Bob"),
    ):
        assert candidates_of(file, name, as_of, "subject_id")[referee][1]["place"] is None


@pytest.mark.parametrize(
    ("name", "as_of", "reasons"),
    [
        (
            "oneself, employees, strangers and foreigners",
            date(2025, 10, 5),
            {
                "Ann": "referrer and referee are the same member",
                "Cat": "referrer or referee is an employee",
                "Dan": "referrer and referee are in different countries",
                "Eve": "referrer or referee is no known member",
            },
        ),
        (
            "a referrer whom nobody knows",
            date(2025, 10, 5),
            {"Cat": "referrer or referee is no known member"},
        ),
        (
            "clicks exactly 30 days before, and one second more",
            date(2025, 11, 10),
            {
                "Cat": "not delivered yet",
                "Dan": "the invitation was clicked too long before the sign-up",
                "Fay": "the invitation was clicked after the sign-up",
                "Gus": "the invitation was never clicked",
            },
        ),
        (
            "an order one second before the sign-up",
            date(2025, 10, 3),
            {"Bob": "the referee had paid an order before the sign-up"},
        ),
        ("voided", date(2025, 11, 6), {"Bob": "the referral was voided"}),
        ("a purchase one second too late", date(2025, 11, 2), {"Bob": "no qualifying purchase yet"}),
        ("a purchase one second too late", date(2025, 11, 3), {"Bob": "no qualifying purchase in time"}),
        ("a referral from sign-up to final", date(2025, 11, 6), {"Bob": "delivered, still in the hold"}),
        (
            "still flagged when the campaign closes",
            date(2026, 5, 29),
            {
                "Bob": "flagged: an event says so, or device or payment is shared",
                "Cat": "the cap of the referrer was full",
            },
        ),
        (
            "still flagged when the campaign closes",
            date(2026, 5, 30),
            {"Bob": "still flagged when the campaign closed", "Cat": "delivered and held long enough"},
        ),
        (
            "still undelivered when the campaign closes",
            date(2026, 5, 30),
            {"Bob": "still undelivered when the campaign closed"},
        ),
        (
            "milestones of two, three and five final referrals",
            date(2025, 11, 5),
            {"2": "enough final referrals", "3": "too few final referrals"},
        ),
    ],
)
def test_reasons_of_referrals(name: str, as_of: date, reasons: dict[str, str]) -> None:
    found = candidates_of("referral_reward.yaml", name, as_of, "subject_id")
    assert {subject: found[subject][0] for subject in reasons} == reasons


def test_a_referral_that_fails_by_an_earlier_order_names_the_purchase_and_not_that_order() -> None:
    found = candidates_of(
        "referral_reward.yaml", "an order one second before the sign-up", date(2025, 10, 3), "subject_id"
    )
    assert found["Bob"][1]["order_id"] == "O2"


def test_no_referral_is_looked_at_before_the_first_delivery_of_orders() -> None:
    name = "before the first delivery of orders"
    (scenario,) = [found for found in scenarios_of("referral_reward.yaml") if found.name == name]
    world = scenario.world()
    world.build(date(2025, 10, 5))
    assert found_statuses(world) == {}


def test_referrals_are_those_of_referral_programs_alone() -> None:
    """Sign-ups lie in the windows of programs of other kinds too."""
    name = "a referral from sign-up to final"
    (scenario,) = [found for found in scenarios_of("referral_reward.yaml") if found.name == name]
    world = scenario.world()
    world.programs = load_programs(PROGRAMS)
    world.build(date(2025, 10, 5))
    assert world.rows("select program_id, referee_id from marts.referral_conversions") == [("referral_2025q4", "Bob")]


def test_figures_of_a_deal_beyond_its_budget() -> None:
    """In November the budget is below what October drew."""
    name = "a budget that is lowered below what was drawn takes nothing back from frozen months, and leaves nothing"
    found = candidates_of("funded_deals.yaml", name, date(2026, 1, 30), "period")
    figures = ("budget_cents", "drawn_before_cents", "drawn_cents", "budget_left_cents")
    assert [found["2025-10"][1][figure] for figure in figures] == [10_000, 0, 6_000, 4_000]
    reason, evidence = found["2025-11"]
    assert reason == "the budget is spent"
    assert evidence == {
        "redemptions": 1,
        "counting_redemptions": 1,
        "requested_cents": 4_000,
        "budget_cents": 5_000,
        "drawn_before_cents": 6_000,
        "drawn_cents": 0,
        "budget_left_cents": 0,
        "first_day": "2025-11-01",
        "last_day": "2025-11-30",
        "known_through": "2026-01-30",
        "is_cut_off_read_as_first_delivery": False,
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("half of the discount", "funded"),
        ("a budget that is spent in part by the last redemption", "funded in part, to the end of the budget"),
        ("a deal without a budget", "the budget is spent"),
        ("the first division is floored before the second", "nothing was asked for"),
        ("a line of another shop", "no redemption counts"),
        ("a line without gross", "no redemption counts"),
        ("unpaid, samples, replacements, exchanges and gifts count nowhere", "no redemption counts"),
    ],
)
def test_reasons_of_deals(name: str, reason: str) -> None:
    assert candidate_of("funded_deals.yaml", name, date(2025, 10, 6), "A")[0] == reason


@pytest.mark.parametrize(
    ("name", "is_invited"),
    [
        ("half of the discount", True),  # there is no list
        ("a shop that is on the list", True),
        ("a shop that is not on the list, or on another one", False),
    ],
)
def test_every_redemption_is_invited_or_not(name: str, is_invited: bool) -> None:
    (scenario,) = [found for found in scenarios_of("funded_deals.yaml") if found.name == name]
    world = scenario.world()
    world.build(date(2025, 10, 6))
    assert world.rows("select is_invited from subjects.redeemed_lines") == [(is_invited,)]


def test_months_draw_in_their_order_and_not_in_that_of_their_redemptions() -> None:
    name = "a redemption of October that lands after those of November and December"
    (scenario,) = [found for found in scenarios_of("funded_deals.yaml") if found.name == name]
    world = scenario.world()
    world.build(date(2025, 12, 7))
    (funding,) = [model for model in world.project.models if model.name == "deal_funding"]
    world.connection.execute(
        "create table turned as from subjects.redeemed_lines order by period desc; delete from subjects.redeemed_lines;"
        "insert into subjects.redeemed_lines from turned; delete from marts.deal_funding"
    )
    world.connection.execute(funding.fill)
    drawn = world.rows("select period, drawn_before_cents, drawn_cents from marts.deal_funding order by period")
    assert drawn == [("2025-10", 0, 6_000), ("2025-11", 6_000, 3_000), ("2025-12", 9_000, 1_000)]
