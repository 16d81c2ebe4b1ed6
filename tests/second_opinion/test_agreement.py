"""A second opinion, and figures summed again from their lines: they agree with the SQL, and one cent of difference is named.

On the last day of a scenario of each kind that pays somebody. Does not belong here: that both agree in all scenarios
(``scenarios/test_scenarios``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from compiled.project import compiled_project
from compiled.world import World
from scenarios.scenario import scenarios_of

from orchestration.agreement import require_agreement, require_measures
from orchestration.errors import RefusedError
from orchestration.second_opinion import second_opinion

PAYING = {
    "incremental_daily_gmv": "lowest tier hit exactly",
    "rank_upgrade": None,
    "short_video_growth": None,
    "affiliate_service": None,
    "creator_matching_challenge": None,
    "live_championship": None,
    "live_key_events": None,
    "creator_incubation": None,
    "funded_deals": "half of the discount",
    "referral_reward": None,
}
"""A scenario of each file, or the first that pays somebody on its last day."""
MEASURED = [file for file in PAYING if file not in ("rank_upgrade", "referral_reward")]


def paying(file: str) -> World:
    """The world of a scenario that pays somebody, with the candidates of all kinds."""
    for scenario in scenarios_of(f"{file}.yaml"):
        last = max(scenario.owed)
        if PAYING[file] in (None, scenario.name) and any(scenario.expected(last)):
            world = scenario.world(compiled_project().upstream("award_candidates").without_checks())
            world.build(last)
            return world
    raise AssertionError(f"no scenario of {file} pays anybody on its last day")


@pytest.fixture(scope="module", params=PAYING)
def built(request: pytest.FixtureRequest) -> World:
    return paying(request.param)


@pytest.fixture
def world(built: World) -> Iterator[World]:
    """A world that is put back as it was."""
    built.connection.execute("begin")
    yield built
    built.connection.execute("rollback")


def an_award(world: World) -> tuple[Any, ...]:
    """Program, period, beneficiary, subject, component, and cents of the greatest award."""
    key = "program_id, period, beneficiary_id, subject_id, component, amount_cents"
    (award,) = world.rows(f"select {key} from awards.award_candidates order by amount_cents desc, {key} limit 1")
    assert award[-1] > 0
    return award


@pytest.mark.parametrize("cents", [1, -1])
def test_one_cent_more_or_less_is_named(world: World, cents: int) -> None:
    assert require_agreement(world.connection) > 0
    program, period, beneficiary, subject, component, amount = an_award(world)
    world.connection.execute(
        "update awards.award_candidates set amount_cents = amount_cents + ? "
        "where program_id = ? and period = ? and beneficiary_id = ? and subject_id = ? and component = ?",
        [cents, program, period, beneficiary, subject, component],
    )
    with pytest.raises(RefusedError) as refused:
        require_agreement(world.connection)
    told = str(refused.value)
    assert told.startswith("nothing was posted: ")
    for part in (program, period, beneficiary, subject, component):
        assert part in told
    assert f"is {amount + cents} cents" in told and f"says {amount} cents" in told


def test_another_stage_is_named(world: World) -> None:
    program, *_, component, _ = an_award(world)
    if component in ("consistency", "milestone"):
        pytest.skip("always FINAL")
    world.connection.execute(
        "update awards.award_candidates set stage = case stage when 'FINAL' then 'PROVISIONAL' else 'FINAL' end "
        "where program_id = ? and amount_cents > 0",
        [program],
    )
    with pytest.raises(RefusedError, match="a second opinion says"):
        require_agreement(world.connection)


def test_terms_that_are_not_those_of_the_award_are_noticed(world: World) -> None:
    """The second opinion reads thresholds and amounts by itself: what the SQL says of them is no measure."""
    for relation in ("tiers", "places"):
        world.connection.execute(f"update terms.{relation} set amount_cents = amount_cents + 1")
    world.connection.execute(
        "update terms.versions set max_reward_cents = 1, attendance_amount_cents = attendance_amount_cents + 1, "
        "amount_per_referral_cents = amount_per_referral_cents + 1"
    )
    if an_award(world)[4] == "deal_cost":
        pytest.skip("a deal's share and budget are delivered")
    with pytest.raises(RefusedError, match="a second opinion says"):
        require_agreement(world.connection)


FIGURES = (
    "counted_gmv_cents",
    "tested_current_cents",
    "gmv_cents",
    "matched_gmv_cents",
    "score_now_cents",
    "score_cents",
    "requested_cents",
)


@pytest.mark.parametrize("file", MEASURED)
def test_figures_are_sums_of_lines_and_a_cent_more_is_named(file: str) -> None:
    world = paying(file)
    assert require_measures(world.connection, 100), "nothing was measured again"
    for rowid, evidence in world.rows("select rowid, evidence from awards.award_candidates"):
        seen = json.loads(evidence)
        more = {name: seen[name] + 1 for name in FIGURES if seen.get(name) is not None}
        world.connection.execute(
            "update awards.award_candidates set evidence = ? where rowid = ?", [json.dumps(seen | more), rowid]
        )
    with pytest.raises(
        RefusedError, match=f"{an_award(world)[0]}.* cents, the award says .*; run `incentives rebuild`"
    ):
        require_measures(world.connection, 100)


def test_the_sample_is_another_one_on_another_day() -> None:
    world = paying("affiliate_service")
    world.connection.execute(
        "insert into awards.award_candidates by name (select * replace ('another shop' as subject_id, "
        "regexp_replace(evidence, '\"gmv_cents\":[0-9]+', '\"gmv_cents\":0') as evidence) from awards.award_candidates)"
    )
    drawn = set()
    for day in range(1, 20):
        world.connection.execute("update context.run_window set as_of = make_date(2025, 10, ?)", [day])
        drawn.update(require_measures(world.connection, 1))
    assert len(drawn) > 1


def test_a_kind_that_nobody_wrote_an_opinion_on_is_no_silence() -> None:
    with pytest.raises(KeyError):
        second_opinion("lottery", [{}], {})
