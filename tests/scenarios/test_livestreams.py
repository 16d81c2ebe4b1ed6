"""What a livestream championship says beside the amounts: to whom, for what, why nothing, and every figure that decided it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
import yaml
from compiled.world import World

from data_contracts.terms import Program
from scenarios.scenario import PROGRAMS, Scenario, program_with, scenarios_of


def built(file: str, name: str, as_of: date) -> World:
    """The world of a scenario as of a day."""
    (scenario,) = [found for found in scenarios_of(file) if found.name == name]
    world = scenario.world()
    world.build(as_of)
    return world


def evidence(world: World, beneficiary_id: str, subject_id: str = "") -> dict[str, Any]:
    """The evidence of the only candidate of that beneficiary and subject."""
    ((found,),) = world.rows(
        "select evidence from awards.live_championship where beneficiary_id = ? and subject_id = ?",
        [beneficiary_id, subject_id],
    )
    figures: dict[str, Any] = json.loads(found)
    return figures


@pytest.fixture(scope="module")
def lost_and_kept() -> World:
    """P1 has the first rank and fell below the least score; P4 was ranked below the places that pay."""
    return built("live_championship.yaml", "below the least score afterwards, and above it again", date(2025, 12, 2))


@pytest.fixture(scope="module")
def both() -> World:
    return built("live_championship.yaml", "a leaderboard and attendance at once", date(2025, 10, 21))


def test_ranks_stand_as_they_were_drawn(lost_and_kept: World) -> None:
    assert lost_and_kept.rows(
        "select period, rank, entrant_type, entrant_id, score_cents, gross_cents, sessions, min_score_cents, "
        "score_now_cents, is_at_minimum from marts.live_ranking order by all"
    ) == [
        ("warmup", 1, "PARTNER", "P1", 60_000, 60_000, 1, 50_000, 49_999, False),
        ("warmup", 2, "PARTNER", "P2", 55_000, 55_000, 1, 50_000, 55_000, True),
        ("warmup", 3, "PARTNER", "P3", 50_000, 50_000, 1, 50_000, 50_000, True),
        ("warmup", 4, "PARTNER", "P4", 50_000, 50_000, 1, 50_000, 50_000, True),
    ]


def test_why_a_ranked_partner_gets_nothing(lost_and_kept: World) -> None:
    assert lost_and_kept.rows(
        "select beneficiary_id, amount_cents, reason from awards.live_championship order by all"
    ) == [
        ("P1", 0, "ranked, and below the least score since"),
        ("P2", 500_000, "ranked"),
        ("P3", 250_000, "ranked"),
        ("P4", 0, "ranked below the places that pay"),
    ]


def test_figures_of_a_rank(lost_and_kept: World) -> None:
    assert evidence(lost_and_kept, "P1") == {
        "measure": "net",
        "service": "SHOP",
        "min_minutes": 60,
        "invite_list": None,
        "min_score_cents": 50_000,
        "ranked_known_through": "2025-11-25",
        "drawn_score_cents": 60_000,
        "drawn_gross_cents": 60_000,
        "drawn_sessions": 1,
        "is_ranked": True,
        "rank": 1,
        "place_amount_cents": 1_000_000,
        "known_through": "2025-12-02",
        "score_now_cents": 49_999,
        "gross_now_cents": 60_000,
        "sessions_now": 1,
        "is_at_minimum": False,
        "is_ranked_cut_off_read_as_first_delivery": False,
        "is_cut_off_read_as_first_delivery": False,
    }


def test_who_is_not_ranked_is_a_candidate(both: World) -> None:
    """P3 and P4 have an eligible livestream that sold nothing; a livestream that is too short says so."""
    assert both.rows(
        "select component, beneficiary_type, beneficiary_id, subject_id, amount_cents, reason "
        "from awards.live_championship where amount_cents = 0 order by all"
    ) == [
        ("attendance", "PARTNER", "P1", "LA", 0, "below the least score of a livestream"),
        ("attendance", "PARTNER", "P2", "LB2", 0, "too short"),
        ("attendance", "PARTNER", "P3", "LC", 0, "below the least score of a livestream"),
        ("attendance", "PARTNER", "P4", "LD", 0, "below the least score of a livestream"),
        ("leaderboard", "PARTNER", "P3", "", 0, "below the least score when ranks were drawn"),
        ("leaderboard", "PARTNER", "P4", "", 0, "below the least score when ranks were drawn"),
    ]


def test_figures_of_a_livestream(both: World) -> None:
    assert evidence(both, "P2", "LB") == {
        "measure": "net",
        "service": "SHOP",
        "known_through": "2025-10-21",
        "seller_id": "B",
        "creator_id": "somebody",
        "started_at": "2025-10-20 12:00:00+00",
        "lasted_microseconds": 7_200_000_000,
        "min_minutes": 60,
        "is_long_enough": True,
        "invite_list": None,
        "removed_at": None,
        "is_invited": True,
        "score_cents": 60_000,
        "gross_cents": 60_000,
        "event_min_score_cents": 60_000,
        "attendance_amount_cents": 300,
        "is_cut_off_read_as_first_delivery": False,
    }


def test_a_shop_that_was_taken_off_the_list() -> None:
    world = built("live_key_events.yaml", "taken off the list", date(2025, 10, 4))
    assert world.rows("select reason from awards.live_championship where subject_id = 'L2'") == [
        ("its shop was not on the invite list when it started",)
    ]
    found = evidence(world, "P1", "L2")
    assert (found["invite_list"], found["removed_at"], found["is_invited"]) == (
        "key_live_events_2025q4",
        "2025-10-03 20:00:00+00",
        False,
    )
    assert world.rows("select * from marts.live_ranking") == [], "key events have no leaderboard"


def test_creators_are_ranked_as_creators() -> None:
    world = built("live_championship.yaml", "creators enter where the terms say so", date(2025, 10, 21))
    assert world.rows("select distinct entrant_type from marts.live_ranking") == [("CREATOR",)]
    assert world.rows("select distinct beneficiary_type from awards.live_championship") == [("CREATOR",)]


def test_the_version_that_decided() -> None:
    name = "ranks stay with one version, attendance goes on to the next"
    world = built("live_championship.yaml", name, date(2025, 11, 26))
    assert world.rows("select distinct component, terms_version from awards.live_championship order by all") == [
        ("attendance", 2),
        ("leaderboard", 1),
    ]


def test_cut_offs_read_as_the_first_delivery() -> None:
    drawn = built("live_championship.yaml", "the first delivery comes after ranks are drawn", date(2025, 11, 29))
    found = evidence(drawn, "P1")
    assert (found["ranked_known_through"], found["is_ranked_cut_off_read_as_first_delivery"]) == ("2025-11-28", True)
    assert (found["known_through"], found["is_cut_off_read_as_first_delivery"]) == ("2025-11-29", False)
    attended = built("live_key_events.yaml", "the first delivery comes after the freeze", date(2026, 4, 11))
    found = evidence(attended, "P1", "L1")
    assert (found["known_through"], found["is_cut_off_read_as_first_delivery"]) == ("2026-04-10", True)


SEASON = {
    date(2025, 10, 20): """
        an empty delivery of orders
        partner P1 is a TSP
        partner P2 is a CAP
        P1 serves shop A from 2025-10-01
        P2 serves shop B from 2025-10-01
        A is on list key_live_events_2025q4
        B is on list the_few until 2025-10-24
    """,
    date(2025, 10, 26): """
        livestream L1 of shop A by creator Kim starts 2025-10-21
        livestream L2 of shop B by creator Lee starts 2025-10-22 12:00 ends 2025-10-22 13:01
        livestream L3 of shop B by creator Kim starts 2025-10-25 12:00 ends 2025-10-25 13:02
        order O1 paid 2025-10-21 from livestream L1: A 210,000
        order O2 paid 2025-10-22 from livestream L2: B 60,000
        order O3 paid 2025-10-25 from livestream L3: B 70,000
    """,
    date(2025, 11, 26): """
        livestream L4 of shop A by creator Lee starts 2025-11-25
        livestream L5 of shop B by creator Kim starts 2025-11-25 12:00 ends 2025-11-25 13:03
        order O4 paid 2025-11-25 from livestream L4: A 210,000
        order O5 paid 2025-11-25 from livestream L5: B 95,000
        refund R1 of O1/1: 160,001
    """,
}


def test_instances_do_not_interfere() -> None:
    """Programs with rounds of one name, and other entrants, types, lists, measures and versions, owe together what each
    owes alone."""
    shipped, invited, daily_gmv = (
        yaml.safe_load((PROGRAMS / f"{program_id}.yaml").read_text(encoding="utf-8"))
        for program_id in ("live_championship_2025q4", "live_key_events_2025q4", "tsp_daily_gmv_2025q4")
    )
    attendance = {"amount_cents": 7, "event_min_score_cents": 60_000}
    programs = [
        program_with(shipped, {}, []),
        program_with(invited, {}, []),
        program_with(shipped, {"program_id": "caps", "partner_types": ["CAP"], "attendance": attendance}, []),
        program_with(shipped, {"program_id": "tsps", "partner_types": ["TSP"], "measure": "gross"}, []),
        program_with(shipped, {"program_id": "few", "invite_list": "the_few", "attendance": attendance}, []),
        program_with(
            shipped,
            {"program_id": "creators", "entrants": "CREATOR", "min_minutes": 62},
            [{"effective_from": date(2025, 11, 26), "min_minutes": 63, "attendance": attendance}],
        ),
    ]

    def built_with(together: list[Program]) -> World:
        world = Scenario("a season", "UTC", programs[0], (), (SEASON,), {}).world()
        world.programs = together
        world.build(date(2025, 11, 26))
        return world

    candidates = "select program_id, amount_cents, * from awards.live_championship"
    alone = [built_with([program]).rows(candidates) for program in programs]
    assert all(any(row[1] > 0 for row in rows) for rows in alone), "a program that owes nothing shows nothing"
    together = built_with([*programs, program_with(daily_gmv, {}, [])])
    assert sorted(together.rows(candidates)) == sorted(row for rows in alone for row in rows)
    looked_at = together.rows("select distinct program_id from subjects.championship_sessions")
    assert sorted(looked_at) == sorted((program.program_id,) for program in programs), "of this kind alone"
