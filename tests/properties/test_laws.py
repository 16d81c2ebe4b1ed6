"""The laws: no order of runs or of rows changes a figure, the past stays as it was, and strangers change nothing."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time
from typing import Any

from compiled.project import Project, compiled_project
from compiled.records import Record, record
from compiled.world import World
from hypothesis import given
from hypothesis import strategies as st

from properties.effort import tried_on
from properties.worlds import DAYS, TIME_ZONES, WEEK, small_programs, worlds

PROGRAMS = small_programs()
NET_PROGRAMS = [program for program in PROGRAMS if program.program_id != "by_gross"]
# What a run works out for its own window, and nobody asks for afterwards.
OF_ONE_WINDOW = {
    "touched_orders", "touched_lines", "line_versions", "order_versions", "attribution_versions", "refund_versions",
    "reversal_states", "line_cells", "line_movements", "lines_before_and_after", "touched_lives", "touched_videos",
    "versions_in_question", "earlier_orders", "earlier_order_lines", "earlier_attributions", "earlier_refunds",
}  # fmt: skip


def unchecked() -> Project:
    """All models without the dbt tests, which other laws run on worlds like these."""
    return compiled_project().without_checks()


def lasting(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """All that stands after a run, whatever its window was."""
    return {name: rows for name, rows in world.contents().items() if name not in OF_ONE_WINDOW}


@tried_on(5)
@given(worlds(), st.sets(st.sampled_from(DAYS[:-2]), max_size=3), st.sampled_from(DAYS[4:]), TIME_ZONES, st.randoms())
def test_days_ranges_and_a_rebuild_are_one(
    records: list[Record], ends: set[date], through: date, time_zone: str, shuffled: random.Random
) -> None:
    """Runs that end on any days, a run that is repeated, and one run over rows in any other order leave the same rows."""
    world = World(records, PROGRAMS, time_zone)
    before = None
    for end in sorted(end for end in ends if end < through):
        world.build(end, before)
        before = end
    world.build(through, before)
    by_ranges = lasting(world)
    world.build(through, before)
    assert lasting(world) == by_ranges, "a run that is repeated changes something"
    shuffled.shuffle(records)
    at_once = World(records, PROGRAMS, time_zone, unchecked())
    at_once.build(through)
    assert lasting(at_once) == by_ranges


@tried_on(6)
@given(worlds(), st.sampled_from(DAYS[:6]), TIME_ZONES)
def test_the_past_stays_as_it_was(records: list[Record], known_on: date, time_zone: str) -> None:
    """As known on a day is what stood that day, movement by movement, also after everything else has landed."""
    then = World(records, PROGRAMS, time_zone, unchecked())
    then.build(known_on)
    now = World(records, PROGRAMS, time_zone, unchecked())
    now.build(DAYS[-1])
    for model in now.project.models:
        if model.materialized == "incremental" and "known_on" in model.create:
            today = now.rows(f"select * from {model.relation} where known_on <= '{known_on}' order by all")
            assert today == then.rows(f"select * from {model.relation} order by all"), model.name


@tried_on(6)
@given(worlds())
def test_nothing_is_owed_for_net_gmv_that_was_refunded(records: list[Record]) -> None:
    """With every line refunded in full, and in time, no program that goes by net owes anything."""
    last, at = WEEK[-2], at_noon(WEEK[0])
    lines = {row.values["order_line_id"] for row in records if row.feed == "order_lines"}
    refunds = [
        record("refunds", last, refund_id=f"all-{line}", order_line_id=line, amount_cents=10_000, completed_at=at)
        for line in lines
    ]
    world = World([*records, *refunds], NET_PROGRAMS)
    world.build(last)
    assert world.rows("select sum(net_cents) from marts.gmv_daily") in ([(0,)], [(None,)])
    assert world.rows("select * from awards.incentive_awards") == []


@tried_on(6)
@given(worlds(), st.sampled_from(WEEK[2:]), TIME_ZONES)
def test_strangers_change_nothing(records: list[Record], landed_on: date, time_zone: str) -> None:
    """A delivery about another shop, buyer, creator and partner leaves every figure of the others as it was."""
    records.append(record("orders", WEEK[0], order_id="first", paid_at=None))
    alone = World(records, PROGRAMS, time_zone, unchecked())
    alone.build(WEEK[-1])
    together = World([*records, *strangers(landed_on)], PROGRAMS, time_zone, unchecked())
    together.build(WEEK[-1])
    for relation, column in (
        ("movements.gmv_daily_movements", "seller_id"),
        ("movements.creator_gmv_daily_movements", "creator_id"),
        ("movements.partner_gmv_daily_movements", "partner_id"),
        ("marts.referral_conversions", "referee_id"),
        ("awards.award_candidates", "beneficiary_id"),
    ):
        others = f"select * from {relation} where {column} not like 'stranger%' order by all"
        assert together.rows(others) == alone.rows(others), relation


def at_noon(day: date) -> datetime:
    """Noon in UTC."""
    return datetime.combine(day, time(12), UTC)


def strangers(landed_on: date) -> list[Record]:
    """What one delivery says of a shop, a creator, a partner and two members that nobody else knows."""
    at = at_noon(WEEK[3])
    return [
        record("orders", landed_on, order_id="S1", buyer_id="stranger", paid_at=at, delivered_at=at),
        record("order_lines", landed_on, order_line_id="S1/1", order_id="S1", seller_id="stranger", original_amount_cents=700),
        record("attributions", landed_on, order_line_id="S1/1", content_type="LIVE", creator_id="stranger",
               matched_by_partner_id="stranger"),
        record("refunds", landed_on, refund_id="S1", order_line_id="S1/1", amount_cents=5, completed_at=at),
        record("partners", landed_on, partner_id="stranger", partner_type="TSP"),
        record("assignments", landed_on, assignment_id="S1", partner_id="stranger", subject_type="SELLER",
               subject_id="stranger", service="SHOP", valid_from=WEEK[0]),
        record("members", landed_on, member_id="stranger"),
        record("members", landed_on, member_id="stranger-2"),
        record("referral_events", landed_on, event_id="S1", event_type="SIGNUP", referee_id="stranger",
               referrer_id="stranger-2", clicked_at=at, occurred_at=at),
    ]  # fmt: skip
