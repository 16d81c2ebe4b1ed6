"""Livestreams, videos and their hashtags: what each sold."""

from __future__ import annotations

from datetime import date

import pytest
from compiled.world import World

from marts.content import NOV_1, NOV_2, OCT_1, content_world

OCTOBER, NOVEMBER = date(2025, 10, 1), date(2025, 11, 1)


@pytest.fixture(params=["day by day", "at once"], scope="module")
def contents(request: pytest.FixtureRequest) -> World:
    """The contents as of 2 November."""
    world = content_world()
    if request.param == "at once":
        world.build(NOV_2)
    else:
        world.build(OCT_1)
        world.build(NOV_1, known_from=OCT_1)
        world.build(NOV_2, known_from=NOV_1)
    return world


def test_live_sessions(contents: World) -> None:
    # L1: lines 1, 2 and 3, 1,000 + 2,000 + 400, less 100 refunded; floor(3,300 * 1,000 / 300) = 11,000.
    # O1 has two of its lines, and is one order.
    assert contents.rows(
        "select live_id, partner_id, started_date, minutes, viewers, gross_cents, net_cents, net_per_1000_viewers_cents, "
        "units, orders from marts.live_session_performance order by all"
    ) == [
        ("L1", "P1", date(2025, 10, 31), 61, 300, 3_400, 3_300, 11_000, 3, 2),
        ("L2", "P2", date(2025, 11, 1), 60, None, 0, 0, None, 0, 0),
    ]


def test_short_videos(contents: World) -> None:
    # V1: line 4 alone, floor(700 * 1,000 / 7,000) = 100. V2: line 5, whose attribution was corrected; nobody watched it.
    assert contents.rows(
        "select video_id, posted_date, views, gross_cents, net_cents, net_per_1000_views_cents, short_video_net_cents, "
        "units, orders from marts.short_video_performance order by all"
    ) == [
        ("V1", date(2025, 10, 1), 7_000, 700, 700, 100, 0, 1, 1),
        ("V2", date(2025, 10, 1), 0, 900, 900, None, 900, 1, 1),
    ]


def test_hashtags(contents: World) -> None:
    # October: #new is of V2 (900) and L1 (3,000 - 100 paid in October), 0 + 300 views; #sale of V1 (700) and L1.
    # November: line 3 of L1, paid after midnight, counts under both; no content was posted or started with them.
    assert contents.rows(
        "select month, hashtag, videos, lives, views, gross_cents, net_cents, units from marts.hashtag_monthly order by all"
    ) == [
        (OCTOBER, "#new", 1, 1, 300, 3_900, 3_800, 3),
        (OCTOBER, "#sale", 1, 1, 7_300, 3_700, 3_600, 3),
        (NOVEMBER, "#new", 0, 0, 0, 400, 400, 1),
        (NOVEMBER, "#sale", 0, 0, 0, 400, 400, 1),
    ]


def test_a_content_counts_as_soon_as_its_record_lands(contents: World) -> None:
    # GMV of V9 was known before V9 was; both figures are of the whole content, whoever knows it.
    assert contents.rows(
        "select content_type, content_id, sum(net_cents), sum(orders) from movements.content_gmv_daily_movements "
        "where content_id like '%9' group by all order by all"
    ) == [("LIVE", "L9", 8_000, 1), ("VIDEO", "V9", 6_000, 1)]
