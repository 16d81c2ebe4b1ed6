"""Several programs of one kind at once, beside all others: each says of everybody what it says alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from data_contracts.terms import Program, load_programs
from scenarios.scenario import ANY_PROGRAM, PROGRAMS, Scenario, scenarios_of

OTHERS = {
    "rank_upgrade": [
        # Of the same window, so that nothing but the program tells their rows apart.
        {
            "clawback_days": 30,
            "versions": [{"partner_types": ["CAP", "TSP"], "ranks": [{"rank": "GOLD", "amount_cents": 7}]}],
        },
        {"window": {"first_day": date(2025, 10, 10), "last_day": date(2025, 12, 31)}, "versions": [{}]},
    ],
    "creator_matching_challenge": [
        {
            "clawback_days": 30,
            "versions": [
                {
                    "measure": "gross",
                    "service": "AFFILIATE",
                    "partner_types": ["CAP"],
                    "class_window": {"first_day": date(2025, 9, 1), "last_day": date(2025, 9, 30)},
                    "ranked_from": "GOLD",
                    "tiers": {
                        "ranked": [{"threshold_cents": 1, "amount_cents": 7}],
                        "october_high": [{"threshold_cents": 1, "amount_cents": 8}],
                        "october_low": [{"threshold_cents": 1, "amount_cents": 9}],
                    },
                }
            ],
        },
        {
            "window": {"first_day": date(2025, 11, 13), "last_day": date(2025, 12, 1)},
            "versions": [{"partner_types": ["MCN"]}],
        },
    ],
    "incremental_daily_gmv": [
        {
            "clawback_days": 30,
            "versions": [
                {
                    "measure": "gross",
                    "service": "AFFILIATE",
                    "partner_types": ["CAP"],
                    "baseline": {"first_day": date(2025, 9, 11), "last_day": date(2025, 9, 20)},
                    "baseline_floor_cents": 400_000,
                    "tiers": [{"threshold_cents": 1_000_000, "amount_cents": 7}],
                }
            ],
        },
        {
            "window": {"first_day": date(2025, 10, 10), "last_day": date(2025, 12, 31)},
            "clawback_days": 40,
            "versions": [{"partner_types": ["MCN"]}],
        },
    ],
    "referral_reward": [
        {
            "hold_days": 20,
            "clawback_days": 40,
            "purchase_window_days": 20,
            "versions": [
                {
                    "click_window_days": 20,
                    "min_order_cents": 2_500,
                    "amount_per_referral_cents": 7,
                    "max_referrals": 1,
                    "milestones": [{"referrals": 1, "amount_cents": 3}],
                }
            ],
        },
        {"window": {"first_day": date(2025, 10, 10), "last_day": date(2025, 12, 31)}, "versions": [{}]},
    ],
    "funded_deals": [
        {"clawback_days": 30, "versions": [{}]},
        {"window": {"first_day": date(2025, 10, 10), "last_day": date(2025, 12, 31)}, "versions": [{}]},
    ],
}
"""Of each kind, other instances: what they change of the shipped one that its scenario `several programs at once` is about."""


def changed(program: Program, program_id: str, changes: dict[str, Any]) -> Program:
    """Another instance of the same kind, with changed terms."""
    written = program.model_dump()
    versions = [old | new for old, new in zip(written["versions"], changes["versions"], strict=True)]
    return ANY_PROGRAM.validate_python(written | changes | {"program_id": program_id, "versions": versions})


def candidates(scenario: Scenario, programs: Sequence[Program]) -> list[tuple[Any, ...]]:
    """Everybody whom programs of the scenario's kind looked at on its last day, with all that they say."""
    world = scenario.world()
    world.programs = programs
    world.build(max(scenario.owed))
    return world.rows(f"select * from awards.{scenario.program.kind} order by all")


@pytest.mark.parametrize("kind", OTHERS)
def test_programs_do_not_interfere(kind: str) -> None:
    (scenario,) = [found for found in scenarios_of(f"{kind}.yaml") if found.name == "several programs at once"]
    others = [changed(scenario.program, f"other_{place}", changes) for place, changes in enumerate(OTHERS[kind])]
    programs = [scenario.program, *others]
    alone = [candidates(scenario, [program]) for program in programs]
    assert all(any(row[7] for row in rows) for rows in alone), "each pays somebody"
    of_other_kinds = [program for program in load_programs(PROGRAMS) if program.kind != kind]
    assert candidates(scenario, [*programs, *of_other_kinds]) == sorted(row for rows in alone for row in rows)
