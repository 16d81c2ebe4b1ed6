"""Livestreams, short videos and their creators: those that attributions name have a record, and it fits what they sold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from landed import held, lines_that_count, versions

from orchestration.sample import live_sessions, short_videos

MINUTES = (pl.col("ended_at") - pl.col("started_at")).dt.total_seconds() / 60


@pytest.fixture(scope="module")
def lines(winter: Path) -> pl.DataFrame:
    return lines_that_count(winter)


@pytest.fixture(scope="module")
def sessions(winter: Path) -> pl.DataFrame:
    return held(winter, "live_sessions").with_columns(MINUTES.alias("minutes"))


@pytest.mark.parametrize(
    ("content_type", "feed", "key", "missing_of"),
    [
        ("LIVE", "live_sessions", "live_id", live_sessions.NEVER_LANDS_OF),
        ("VIDEO", "short_videos", "video_id", short_videos.NEVER_LANDS_OF),
    ],
)
def test_named_contents_have_a_record_but_for_one_in_four_hundred(
    winter: Path, content_type: str, feed: str, key: str, missing_of: int
) -> None:
    named = held(winter, "attributions").filter(pl.col("content_type") == content_type).unique("content_id")
    beside = named.join(held(winter, feed), left_on="content_id", right_on=key, how="left", coalesce=False)
    missing = beside[key].null_count()
    assert 0 < missing < 3 * len(named) / missing_of
    assert beside.filter(pl.col("creator_id") != pl.col("creator_id_right")).is_empty()
    assert missing_of == 400


def test_livestream_is_held_on_the_day_of_its_lines_and_begins_before_them(
    lines: pl.DataFrame, sessions: pl.DataFrame
) -> None:
    sold = lines.filter(pl.col("content_type") == "LIVE").join(sessions, left_on="content_id", right_on="live_id")
    of_the_shop = sold.filter(pl.col("seller_id") == pl.col("seller_id_right"))["content_id"].n_unique()
    assert (sold["started_at"].dt.date() == sold["paid_on"]).all()
    assert (sold["started_at"] <= sold["paid_at"]).all()
    assert of_the_shop > 0.95 * sold["content_id"].n_unique()
    assert 0 < len(sessions.join(sold, left_on="live_id", right_on="content_id", how="anti")) < len(sessions) / 4


def test_livestreams_last_twenty_minutes_to_five_hours(sessions: pl.DataFrame) -> None:
    minutes = sessions["minutes"]
    assert minutes.min() >= 20
    assert minutes.max() <= 300
    assert 0.2 < (minutes < 60).mean() < 0.4
    assert (minutes == 60).any()
    assert (minutes >= 90).mean() > 0.4


def test_later_versions_have_more_viewers_and_some_another_end(winter: Path) -> None:
    every = versions(winter, "live_sessions").group_by("live_id", maintain_order=True).agg(pl.all())
    twice = every.filter(pl.col("updated_at").list.len() > 1)
    counted = twice.explode(pl.all().exclude("live_id")).drop_nulls("viewers")
    growth = counted.group_by("live_id", maintain_order=True).agg(
        (pl.col("viewers").last() - pl.col("viewers").first()).alias("more"), pl.len()
    )
    ends = twice.filter(pl.col("ended_at").list.n_unique() > 1)
    assert growth.filter(pl.col("len") > 1)["more"].min() > 0
    assert 0 < len(ends) < len(twice) / 10
    assert twice["started_at"].list.n_unique().max() == 1


def test_videos_are_posted_before_nearly_all_they_sell_and_only_gain_views(winter: Path, lines: pl.DataFrame) -> None:
    every = versions(winter, "short_videos")
    traits = every.group_by("video_id").agg(pl.col("posted_at", "creator_id", "title").n_unique())
    videos = held(winter, "short_videos")
    sold = lines.join(videos, left_on="content_id", right_on="video_id")
    assert every.filter(pl.col("views").diff().over("video_id") < 0).is_empty()
    assert every["video_id"].is_duplicated().any()
    assert traits.select(pl.all().exclude("video_id").max()).row(0) == (1, 1, 1)
    assert (sold["posted_at"] > sold["paid_at"]).mean() < 0.03
    assert (sold["paid_at"] - sold["posted_at"]).max() < timedelta(days=21)


def test_hashtags_are_lower_case_and_follow_the_season(winter: Path) -> None:
    videos = held(winter, "short_videos")
    tags = videos.select("posted_at", pl.col("hashtags").str.split(" ")).drop_nulls().explode("hashtags")
    peak = tags.filter(pl.col("hashtags") == "#blackfriday")["posted_at"].dt.strftime("%m-%d")
    assert videos["hashtags"].null_count() > 0
    assert tags["hashtags"].str.contains(r"^#[\p{Ll}]+$").all()
    assert tags["hashtags"].n_unique() > 10
    assert peak.min() >= "11-10"
    assert peak.max() <= "12-01"


def test_creators_are_registered_and_some_cannot_be_paid(winter: Path, sessions: pl.DataFrame) -> None:
    creators = held(winter, "creators")
    attributed = held(winter, "attributions")["creator_id"].drop_nulls()
    first = versions(winter, "creators").unique("creator_id", keep="first")
    assert set(attributed) | set(sessions["creator_id"]) <= set(creators["creator_id"])
    assert 0 < first["payee_id"].null_count() < len(first) / 4
    assert 0 < (~first["tax_form_on_file"]).sum() < len(first) / 3
    assert creators["username"].is_unique().all()
