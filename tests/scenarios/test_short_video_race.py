"""The race by short video beside its amounts: the ranking that is served, who is a candidate, why, and the evidence.

Does not belong here: what is owed (``short_video_growth.yaml``, whose worlds these are).
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest
from compiled.world import World

from scenarios.scenario import Scenario, program_with, scenarios_of, shipped_terms

FELL = "an entrant falls below the minimum after ranks were drawn, and recovers"
EVERY_MONTH = "an award in every month"
WINDOW = "2025-10-01..2025-12-31"


def scenario_of(name: str) -> Scenario:
    """The scenario of that name."""
    (scenario,) = [found for found in scenarios_of("short_video_growth.yaml") if found.name == name]
    return scenario


@cache
def world_of(name: str, as_of: str) -> World:
    """The world of a scenario, built once as of a day."""
    world = scenario_of(name).world()
    world.build(date.fromisoformat(as_of))
    return world


def candidate(name: str, as_of: str, partner_id: str, period: str) -> tuple[Any, ...]:
    """A candidate's component, instrument, amount, version and evidence; IndexError where it is none."""
    sql = (
        "select component, instrument, amount_cents, terms_version, evidence from awards.short_video_growth "
        "where beneficiary_type = 'PARTNER' and beneficiary_id = ? and period = ?"
    )
    ((*award, evidence),) = world_of(name, as_of).rows(sql, [partner_id, period])
    return (*award, json.loads(evidence))


def test_the_ranking_keeps_what_was_drawn() -> None:
    columns = "period, rank, partner_id, baseline_cents, current_cents, growth_cents, gross_cents, tested_growth_cents, is_paid"
    ranking = f"select {columns} from marts.short_video_growth_ranking where period = '2025-10' order by rank"
    assert world_of(FELL, "2025-12-02").rows(ranking) == [
        ("2025-10", 1, "P1", 50_000, 450_000, 400_000, 450_000, 99_999, False),
        ("2025-10", 2, "P2", 0, 300_000, 300_000, 300_000, 300_000, True),
        ("2025-10", 3, "P3", 0, 200_000, 200_000, 200_000, 200_000, True),
    ]


@pytest.mark.parametrize(
    ("name", "as_of", "ranks"),
    [
        ("a named type from one day after ranks were drawn", "2025-12-01", {"P2": (1, True)}),
        ("a type that changes after ranks were drawn", "2025-12-01", {"P1": (1, False), "P2": (2, True)}),
        ("other places", "2025-10-02", {"P1": (1, True), "P2": (2, True), "P3": (3, False)}),
        ("history that goes after ranks were drawn, and comes back", "2025-12-01", {"P2": (1, False)}),
        ("history that comes after ranks were drawn", "2025-12-01", {"P1": (1, False)}),
    ],
)
def test_only_entrants_are_ranked(name: str, as_of: str, ranks: dict[str, tuple[int, bool]]) -> None:
    sql = "select partner_id, rank, is_paid from marts.short_video_growth_ranking where period = '2025-10'"
    assert {partner: tuple(rest) for partner, *rest in world_of(name, as_of).rows(sql)} == ranks


def test_the_last_place_that_pays() -> None:
    sql = "select rank, is_paid from marts.short_video_growth_ranking where rank >= 15 order by rank"
    assert world_of("every place, and the one after the last", "2025-10-02").rows(sql) == [(15, True), (16, False)]


@pytest.mark.parametrize(
    ("name", "as_of", "candidates"),
    [
        ("minimum growth hit exactly", "2025-10-02", {("P1", "2025-10"), ("P2", "2025-10"), ("P3", "2025-10")}),
        ("no counted day, even where nothing is enough", "2025-10-01", set()),
        ("the first delivery comes after ranks should have been drawn", "2025-12-14", set()),
        ("a named type from one day after ranks were drawn", "2025-11-30", {("P2", "2025-10"), ("P3", "2025-10")}),
    ],
)
def test_candidates_of_a_month(name: str, as_of: str, candidates: set[tuple[str, str]]) -> None:
    sql = "select beneficiary_id, period from awards.short_video_growth where period = '2025-10'"
    assert set(world_of(name, as_of).rows(sql)) == candidates


def test_programs_of_other_kinds_have_no_candidates() -> None:
    lives = program_with(shipped_terms("live_championship_2025q4"), {"partner_types": ["TSP"]}, [])
    world = replace(scenario_of(EVERY_MONTH), beside=(lives,)).world()
    world.build(date(2026, 1, 30))
    assert world.rows("select distinct program_id from awards.short_video_growth") == [("tsp_short_video_2025q4",)]


def test_types_of_the_whole_window_are_those_of_its_own_program() -> None:
    other = program_with(shipped_terms("tsp_daily_gmv_2025q4"), {}, [{"effective_from": date(2026, 2, 15)}])
    world = replace(scenario_of("consistency is for types that its own version names"), beside=(other,)).world()
    world.build(date(2026, 3, 1))
    sql = "select beneficiary_id, amount_cents from awards.short_video_growth where component = 'consistency'"
    assert world.rows(sql) == [("P2", 0)]


def test_candidates_of_the_whole_windows_of_two_programs() -> None:
    sql = (
        "select program_id, beneficiary_id from awards.short_video_growth where component = 'consistency' "
        "order by program_id, beneficiary_id"
    )
    found = world_of("service partners and creator agencies race for themselves", "2026-01-30").rows(sql)
    agencies = [("cap_short_video_2025q4", who) for who in ("C1", "C2", "C4", "C5", "C6")]
    assert found == agencies + [("tsp_short_video_2025q4", who) for who in ("P1", "P2", "P3")]


@pytest.mark.parametrize(
    ("as_of", "candidates"), [("2026-01-29", []), ("2026-01-30", [("P1", 200_000, "FINAL"), ("P2", 0, "FINAL")])]
)
def test_candidates_of_the_whole_window(as_of: str, candidates: list[tuple[str, int, str]]) -> None:
    sql = (
        "select beneficiary_id, amount_cents, stage from awards.short_video_growth "
        f"where component = 'consistency' and period = '{WINDOW}' order by beneficiary_id"
    )
    assert world_of(EVERY_MONTH, as_of).rows(sql) == candidates


@pytest.mark.parametrize(
    ("name", "as_of", "partner_id", "period", "reason"),
    [
        ("minimum growth hit exactly", "2025-10-02", "P1", "2025-10", "place reached"),
        ("one cent below the minimum growth", "2025-10-02", "P1", "2025-10", "growth below the minimum"),
        (FELL, "2025-12-01", "P1", "2025-10", "place reached"),
        (FELL, "2025-12-02", "P1", "2025-10", "growth fell below the minimum after ranks were drawn"),
        (FELL, "2025-12-02", "P2", "2025-10", "place reached"),
        ("other places", "2025-10-02", "P3", "2025-10", "the place pays nothing"),
        ("every place, and the one after the last", "2025-10-02", "Q16", "2025-10", "the place pays nothing"),
        (
            "a named type from one day after ranks were drawn",
            "2025-12-01",
            "P1",
            "2025-10",
            "of no named type when ranks were drawn",
        ),
        ("a type that changes after ranks were drawn", "2025-12-01", "P1", "2025-10", "of no named type any more"),
        ("no history", "2025-10-02", "P1", "2025-10", "no history: no line counts in the baseline window"),
        (
            "history that comes after ranks were drawn",
            "2025-12-01",
            "P1",
            "2025-10",
            "no history: no line counts in the baseline window",
        ),
        (
            "history that goes after ranks were drawn, and comes back",
            "2025-12-01",
            "P2",
            "2025-10",
            "no history: no line counts in the baseline window",
        ),
        (EVERY_MONTH, "2026-01-30", "P1", WINDOW, "an award in every month"),
        (EVERY_MONTH, "2026-01-30", "P2", WINDOW, "not an award in every month"),
        ("consistency is for types that its own version names", "2026-03-01", "P2", WINDOW, "of no named type"),
    ],
)
def test_why(name: str, as_of: str, partner_id: str, period: str, reason: str) -> None:
    sql = "select reason from awards.short_video_growth where beneficiary_id = ? and period = ?"
    assert world_of(name, as_of).rows(sql, [partner_id, period]) == [(reason,)]


def test_figures_of_a_month() -> None:
    assert candidate(FELL, "2025-12-02", "P1", "2025-10") == (
        "monthly_rank",
        "AD_CREDIT",
        0,
        1,
        {
            "measure": "net",
            "service": "SHOP",
            "baseline_first_day": "2025-09-01",
            "baseline_last_day": "2025-09-30",
            "counted_first_day": "2025-10-01",
            "counted_last_day": "2025-10-31",
            "min_growth_cents": 100_000,
            "ranked_known_through": "2025-11-30",
            "is_ranked_cut_off_read_as_first_delivery": False,
            "was_of_named_type": True,
            "had_history": True,
            "baseline_cents": 50_000,
            "current_cents": 450_000,
            "growth_cents": 400_000,
            "gross_cents": 450_000,
            "rank": 1,
            "place_amount_cents": 500_000,
            "known_through": "2025-12-02",
            "is_cut_off_read_as_first_delivery": False,
            "is_of_named_type": True,
            "has_history": True,
            "tested_baseline_cents": 50_000,
            "tested_current_cents": 149_999,
            "tested_growth_cents": 99_999,
        },
    )


@pytest.mark.parametrize(
    ("name", "partner_id", "baseline", "current"),
    [
        ("a partner without a baseline of its own", "P1", 50_000, 0),
        ("a partner without a baseline of its own", "P3", 0, 99_999),
        ("minimum growth hit exactly", "P3", 0, 0),
    ],
)
def test_figures_of_who_is_below_the_minimum(name: str, partner_id: str, baseline: int, current: int) -> None:
    *_, evidence = candidate(name, "2025-10-02", partner_id, "2025-10")
    assert [evidence[f"{tested}baseline_cents"] for tested in ("", "tested_")] == [baseline, baseline]
    assert [evidence[f"{tested}current_cents"] for tested in ("", "tested_")] == [current, current]
    assert [evidence[f"{tested}growth_cents"] for tested in ("", "tested_")] == [current - baseline, current - baseline]
    assert evidence["gross_cents"] == current
    assert evidence["rank"] is None
    assert evidence["place_amount_cents"] is None


def test_figures_of_the_whole_window() -> None:
    assert candidate(EVERY_MONTH, "2026-01-30", "P2", WINDOW) == (
        "consistency",
        "AD_CREDIT",
        0,
        1,
        {
            "months": 3,
            "months_with_an_award": 2,
            "is_of_named_type": True,
            "consistency_cents": 200_000,
            "known_through": "2026-01-30",
            "is_cut_off_read_as_first_delivery": False,
        },
    )


@pytest.mark.parametrize(
    ("name", "as_of", "ranks_are_read", "other_is_read"),
    [
        ("the first delivery comes after ranks should have been drawn", "2025-12-16", True, False),
        ("the first delivery comes after every freeze", "2026-04-11", True, True),
    ],
)
def test_cut_offs_read_as_the_first_delivery_in_a_race(
    name: str, as_of: str, ranks_are_read: bool, other_is_read: bool
) -> None:
    *_, evidence = candidate(name, as_of, "P1", "2025-10")
    assert evidence["is_ranked_cut_off_read_as_first_delivery"] is ranks_are_read
    assert evidence["is_cut_off_read_as_first_delivery"] is other_is_read


@pytest.mark.parametrize(("as_of", "month", "window"), [("2026-03-30", 1, 1), ("2026-03-31", 1, 2)])
def test_versions_of_a_month_and_of_the_whole_window(as_of: str, month: int, window: int) -> None:
    name = "a later version raises what consistency pays, on the last freeze day"
    assert candidate(name, as_of, "P2", "2025-12")[3] == month
    assert candidate(name, as_of, "P2", WINDOW)[3] == window
