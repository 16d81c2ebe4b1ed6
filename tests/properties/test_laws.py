"""The laws: no order of runs or of rows changes a figure, the past stays as it was, and strangers change nothing."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time
from typing import Any

from compiled.records import Record, record
from compiled.world import World
from hypothesis import given
from hypothesis import strategies as st

from properties.effort import tried_on
from properties.lasting import lasting, unchecked
from properties.worlds import DAYS, TIME_ZONES, WEEK, all_refunded, small_programs, worlds

PROGRAMS = small_programs()
NET_PROGRAMS = [program for program in PROGRAMS if program.program_id != "by_gross"]
RANKED = {
    name: f"from (select month, {column} as id, gross_cents, net_cents from marts.{name})"
    for name, column in (
        ("seller_gmv_ranking", "seller_id"), ("creator_gmv_ranking", "creator_id"), ("partner_gmv_ranking", "partner_id")
    )
}  # fmt: skip
OF_EVERYBODY = {"market_order_movements", "market_monthly", "ad_spend_daily", "deliveries", *RANKED}
"""What sums over the whole market, and ranks, which others may change."""


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
    last = WEEK[-2]
    world = World([*records, *all_refunded(records, last)], NET_PROGRAMS)
    world.build(last)
    assert world.rows("select sum(net_cents) from marts.gmv_daily") in ([(0,)], [(None,)])
    assert world.rows("select * from awards.incentive_awards") == []


@tried_on(6)
@given(worlds(), st.sampled_from(WEEK[2:]), TIME_ZONES)
def test_strangers_change_nothing(records: list[Record], landed_on: date, time_zone: str) -> None:
    """A delivery about another shop, buyer, creator and partner leaves every row of the others as it was."""
    records.append(record("orders", WEEK[0], order_id="first", paid_at=None))
    alone = World(records, PROGRAMS, time_zone, unchecked())
    alone.build(WEEK[-1])
    together = World([*records, *strangers(landed_on)], PROGRAMS, time_zone, unchecked())
    together.build(WEEK[-1])
    before, after = lasting(alone), lasting(together)
    for name in before.keys() - OF_EVERYBODY:
        assert [row for row in after[name] if not is_strange(row)] == before[name], name
    for name, figures in RANKED.items():
        assert together.rows(figures + " where not contains(id, 'stranger') order by all") == alone.rows(
            figures + " order by all"
        ), name


def is_strange(row: tuple[Any, ...]) -> bool:
    """Whether a row names a stranger."""
    return any("stranger" in value for value in row if isinstance(value, str))


def strangers(landed_on: date) -> list[Record]:
    """What one delivery says of a shop, a creator, a partner, contents and two members that nobody else knows."""
    at, name = datetime.combine(WEEK[2], time(12), UTC), "stranger"
    line = {"order_line_id": name, "order_id": name}
    return [
        record("orders", landed_on, order_id=name, buyer_id=name, paid_at=at, delivered_at=at),
        record("order_lines", landed_on, **line, seller_id=name, original_amount_cents=700),
        record("attributions", landed_on, **line, content_type="LIVE", content_id=name, creator_id=name,
               matched_by_partner_id=name),
        record("refunds", landed_on, **line, refund_id=name, amount_cents=5, completed_at=at),
        record("refunds", landed_on, refund_id="stranger who waits", order_line_id="stranger to come", completed_at=at),
        record("live_sessions", landed_on, live_id=name, seller_id=name, creator_id=name, started_at=at, ended_at=at,
               viewers=9, hashtags="#stranger"),
        record("short_videos", landed_on, video_id=name, creator_id=name, posted_at=at, hashtags="#stranger"),
        record("sellers", landed_on, seller_id=name, size_class="LARGE"),
        record("ad_spend", landed_on, seller_id=name, spend_on=WEEK[2], cash_spend_cents=3),
        record("partners", landed_on, partner_id=name, partner_type="TSP"),
        record("assignments", landed_on, assignment_id=name, partner_id=name, subject_type="SELLER", subject_id=name,
               service="SHOP", valid_from=WEEK[0]),
        record("members", landed_on, member_id=name),
        record("members", landed_on, member_id="another stranger"),
        record("referral_events", landed_on, event_id=name, event_type="SIGNUP", referee_id=name,
               referrer_id="another stranger", clicked_at=at, occurred_at=at),
    ]  # fmt: skip
