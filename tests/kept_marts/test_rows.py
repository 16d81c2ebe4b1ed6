"""Kept marts row for row: runs that go on from them, one run over all days, and a rebuild leave the same."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from compiled.project import Project, compiled_project
from compiled.records import Record
from compiled.world import World

from kept_marts.histories import DAYS, FIRST, corners, drawn, video

KEPT = (
    "gmv_daily", "creator_gmv_daily", "live_session_performance", "short_video_performance", "hashtag_monthly",
    "hashtag_monthly_movements",
)  # fmt: skip
BEFORE = FIRST - timedelta(1)
HISTORIES = [corners(), *(drawn(seed) for seed in range(4))]
HASHTAGS_POINT_IN_TIME = """
with contents as (
    select 'VIDEO' as content_type, video_id as content_id, posted_at as began_at, 1 as videos, 0 as lives,
        coalesce(views, 0) as views, hashtags,
        row_number() over (partition by video_id order by updated_at desc, landed_on desc) as newest
    from accepted.short_videos
    union all
    select 'LIVE', live_id, started_at, 0, 1, coalesce(viewers, 0), hashtags,
        row_number() over (partition by live_id order by updated_at desc, landed_on desc)
    from accepted.live_sessions
),
tagged as (
    select *, unnest(list_distinct(string_split(hashtags, ' '))) as hashtag
    from contents where newest = 1 and hashtags is not null
)
select cast(month as date), hashtag, sum(videos), sum(lives), sum(views), sum(gross), sum(net), sum(units)
from (
    select date_trunc('month', began_at) as month, hashtag, videos, lives, views, 0 as gross, 0 as net, 0 as units
    from tagged
    union all
    select date_trunc('month', gmv_date), hashtag, 0, 0, 0, gross_cents, net_cents, units
    from tagged join movements.content_gmv_daily_movements using (content_type, content_id)
) group by all having sum(videos + lives + units) <> 0 order by all
"""


def project() -> Project:
    """What makes the kept marts, and the dbt tests on it."""
    return compiled_project().upstream(*KEPT)


def kept(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the kept marts, and of those that follow."""
    return {name: rows for name, rows in world.contents().items() if name in KEPT}


def made_anew(records: list[Record], through: date) -> dict[str, list[tuple[Any, ...]]]:
    """The kept marts as one run over all days leaves them."""
    world = World(records, project=project().without_checks())
    world.build(through)
    return kept(world)


def continues(world: World) -> bool:
    ((told,),) = world.rows("select continues from context.run_window")
    return bool(told)


@pytest.mark.parametrize("records", HISTORIES)
def test_going_on_day_by_day_is_making_anew(records: list[Record]) -> None:
    world = World(records, project=project())
    for day in DAYS:
        world.build(day, None if day == FIRST else day - timedelta(1))
        assert continues(world) == (day != FIRST)
        assert kept(world) == made_anew(records, day), day
        assert world.rows("from marts.hashtag_monthly order by all") == world.rows(HASHTAGS_POINT_IN_TIME), day


@pytest.mark.parametrize("records", HISTORIES[:2])
def test_going_on_over_some_days_at_once_and_again_over_none(records: list[Record]) -> None:
    world = World(records, project=project())
    world.build(DAYS[1])
    world.build(DAYS[4], DAYS[1])
    world.build(DAYS[4], DAYS[4])
    world.build(DAYS[6], DAYS[4])
    assert continues(world)
    assert kept(world) == made_anew(records, DAYS[6])


def test_a_row_of_an_untouched_key_is_let_be_and_made_anew_with_the_rest() -> None:
    world = World(corners(), project=project().without_checks())
    world.build(DAYS[0])
    undone = "update marts.short_video_performance set views = -1; update marts.gmv_daily set gross_cents = -1"
    world.connection.execute(undone)
    world.build(DAYS[5], DAYS[0])
    world.connection.execute(undone)
    world.build(DAYS[6], DAYS[5])
    assert world.rows("select views from marts.short_video_performance") == [(-1,)]
    assert kept(world) != made_anew(corners(), DAYS[6])
    world.build(DAYS[6], DAYS[3])
    assert not continues(world)
    assert kept(world) == made_anew(corners(), DAYS[6])


def test_keys_that_nothing_counts_for_have_no_row() -> None:
    world = World(corners(), project=project())
    world.build_daily(DAYS[0], DAYS[6])
    assert world.rows("select gmv_date, seller_id, content_type, units from marts.gmv_daily order by all") == [
        (DAYS[0], "S1", "LIVE", 1),
        (DAYS[0], "S2", "LIVE", 1),
        (DAYS[4], "S2", "UNATTRIBUTED", 1),
    ]


def test_a_refused_delivery_of_videos_that_is_replaced_later() -> None:
    late = video(DAYS[2], "Q", "C1", "#late")
    world = World(corners(), project=project())
    world.build(DAYS[3])
    world.deliver([late])
    world.build(DAYS[4], DAYS[3])
    assert not continues(world)
    assert kept(world) == made_anew([*corners(), late], DAYS[4])
