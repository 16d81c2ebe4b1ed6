"""Every scenario, as of each day that it names: the awards are those that the file says, and a second opinion says the same."""

from __future__ import annotations

import pytest

from scenarios.scenario import HERE, Scenario, assert_second_opinion_agrees, found_statuses, scenarios_of

FILES = sorted(path.name for path in HERE.glob("*.yaml"))
SCENARIOS = [pytest.param(found, id=f"{file[:-5]}: {found.name}") for file in FILES for found in scenarios_of(file)]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_owed(scenario: Scenario) -> None:
    world = scenario.world()
    before = None
    for as_of in sorted(scenario.owed):
        world.build(as_of, known_from=before)
        assert scenario.found(world) == scenario.expected(as_of), f"as of {as_of}"
        assert_second_opinion_agrees(world, scenario.program.kind)
        if expected := scenario.expected_statuses(as_of):
            statuses = found_statuses(world)
            assert {who: statuses.get(who) for who in expected} == expected, f"as of {as_of}"
        before = as_of
