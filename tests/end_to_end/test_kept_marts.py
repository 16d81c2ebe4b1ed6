"""Marts that runs go on from, through the real command: after a day that went on from them, and after a run that was killed,
they are what a rebuild makes of the same deliveries.

Does not belong here: each way in which a row changes, and each reason for which a run does not go on (``tests/kept_marts``).
"""

from __future__ import annotations

from datetime import date

import duckdb
from deployment import Deployment
from test_kills import is_free, wait_for

OCTOBER = date(2025, 10, 1)
LIVES = "live_id,seller_id,creator_id,started_at,ended_at,viewers,title,hashtags,updated_at\n"
LIVE = "LIVE9,B,CR1,2025-10-02T20:00:00Z,2025-10-02T23:00:00Z,{viewers},Tonight,{hashtags},{at}\n"
VIDEOS = "video_id,creator_id,posted_at,views,title,hashtags,updated_at\n"
VIDEO = "VIDEO1,CR1,2025-10-01T20:00:00Z,{views},,#sale,{at}\n"
SERVED = ("gmv_daily", "creator_gmv_daily", "live_session_performance", "short_video_performance", "hashtag_monthly")


def served(deployment: Deployment) -> dict[str, list[tuple]]:
    """The marts that are kept, as BI tools read them."""
    return {name: deployment.rows(f"select * from {name} order by all") for name in SERVED}


def continued(deployment: Deployment) -> bool:
    """Whether the last run went on from the marts that it found."""
    with duckdb.connect(str(deployment.home / "warehouse" / "warehouse.duckdb"), read_only=True) as warehouse:
        return warehouse.execute("select continues from context.run_window where is_built").fetchall() == [(True,)]


def test_a_next_day_and_a_run_that_was_killed_leave_what_a_rebuild_makes(once: Deployment) -> None:
    """A livestream changes its hashtags after it sold, and a video is watched more."""
    at = "2025-10-05T23:30:00Z"
    once.put("live_sessions", "2025-10-05", LIVES + LIVE.format(viewers=100, hashtags="#sale", at=at))
    once.put("short_videos", "2025-10-05", VIDEOS + VIDEO.format(views=10, at=at))
    once.run("2025-10-05")
    assert continued(once)
    on_the_fifth = served(once)

    at = "2025-10-06T23:30:00Z"
    once.put("live_sessions", "2025-10-06", LIVES + LIVE.format(viewers=150, hashtags="#sale #new", at=at))
    once.put("short_videos", "2025-10-06", VIDEOS + VIDEO.format(views=20, at=at))
    (written,) = once.home.glob("dbt/run/**/marts/gmv_daily.sql")
    before = written.stat().st_mtime_ns
    process = once.start("run", "--through", "2025-10-06")
    wait_for(lambda: written.exists() and written.stat().st_mtime_ns > before, process)
    process.kill()
    process.communicate()
    wait_for(lambda: is_free(once))
    assert served(once) == on_the_fifth

    once.run("2025-10-06")
    assert not continued(once), "a run goes on from what a killed one left"
    after_all = served(once)
    assert once.incentives("rebuild").code == 0
    assert served(once) == after_all
    assert once.rows("select month, hashtag, lives, videos, views, net_cents from hashtag_monthly order by all") == [
        (OCTOBER, "#new", 1, 0, 150, 1_500_000),
        (OCTOBER, "#sale", 1, 1, 170, 1_500_000),
    ]
