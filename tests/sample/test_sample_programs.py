"""Ranks, lists, deals and advertising fit the market, and every program of the season has somebody to pay."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from landed import held, lines_that_count, read, versions

from orchestration.sample.deals import FORTNIGHT
from orchestration.sample.draws import day_number
from orchestration.sample.program_lists import DEAL_INVITES, INCUBATION, KEY_LIVE_EVENTS

SEASON = date(2025, 10, 1), date(2025, 12, 31)
LADDER = ["BRONZE", "SILVER", "GOLD", "PLATINUM", "DIAMOND"]
IN_SEASON = pl.col("paid_on").is_between(*SEASON)


@pytest.fixture(scope="module")
def lines(winter: Path) -> pl.DataFrame:
    return lines_that_count(winter)


@pytest.fixture(scope="module")
def redemptions(winter: Path) -> pl.DataFrame:
    """One row a redemption with its deal and its line, whether that counts or not."""
    lines = held(winter, "order_lines").rename({"seller_id": "line_seller_id", "landed_on": "line_landed_on"})
    deals = held(winter, "deals").drop("updated_at", "landed_on")
    return held(winter, "deal_redemptions").join(lines, "order_line_id").join(deals, "deal_id")


def served(winter: Path, lines: pl.DataFrame, service: str, subject: str) -> pl.DataFrame:
    """Lines with their partner and its type, by the assignments as they stand; overlaps give a line twice."""
    types = held(winter, "partners").select("partner_id", "partner_type")
    periods = held(winter, "assignments").filter(pl.col("service") == service).join(types, "partner_id")
    on_day = (pl.col("valid_from") <= pl.col("paid_on")) & (
        pl.col("valid_to").is_null() | (pl.col("paid_on") < pl.col("valid_to"))
    )
    return lines.join(periods, left_on=subject, right_on="subject_id").filter(on_day)


def ranks_of_season(winter: Path) -> pl.DataFrame:
    """One row a TSP: its highest rank before the season, and those of its snapshots in it."""
    tsp = held(winter, "partners").filter(pl.col("partner_type") == "TSP").select("partner_id")
    rank = pl.col("rank_code").replace_strict(LADDER, range(len(LADDER)), return_dtype=pl.Int64)
    snapshots = held(winter, "partner_ranks").join(tsp, "partner_id").sort("snapshot_on").with_columns(rank)
    before, within = pl.col("snapshot_on") < SEASON[0], pl.col("snapshot_on").is_between(*SEASON)
    return snapshots.group_by("partner_id").agg(
        pl.col("rank_code").filter(before).max().alias("prior"), pl.col("rank_code").filter(within).alias("ranks")
    )


def test_partners_have_a_rank_every_week_and_some_lose_it(winter: Path) -> None:
    ranks = versions(winter, "partner_ranks").filter(pl.col("rank_code").is_in(LADDER))
    gaps = (
        ranks.unique(["partner_id", "snapshot_on"])
        .sort("snapshot_on")
        .with_columns(pl.col("snapshot_on").diff().over("partner_id").alias("gap"))
    )
    season = ranks_of_season(winter)
    falls = season.filter(pl.col("ranks").list.diff().list.min() < 0)
    kept = season.filter(pl.col("ranks").list.last() > pl.col("prior"), pl.col("ranks").list.diff().list.min() >= 0)
    assert gaps["gap"].max() == timedelta(days=7)
    assert set(ranks["partner_id"]) == set(held(winter, "partners")["partner_id"])
    assert (ranks.select("partner_id", "snapshot_on").is_duplicated()).any()
    assert len(falls) >= 2
    assert len(kept) >= 2


def test_lists_name_shops_and_creators_and_lose_some(winter: Path) -> None:
    lists = held(winter, "program_lists")
    sellers, creators = held(winter, "sellers")["seller_id"], held(winter, "creators")["creator_id"]
    removed = lists.drop_nulls("removed_at")
    assert set(lists["list_id"]) == {KEY_LIVE_EVENTS, INCUBATION, DEAL_INVITES}
    assert lists.filter(pl.col("list_id") == INCUBATION)["subject_id"].is_in(creators.to_list()).all()
    assert lists.filter(pl.col("list_id") != INCUBATION)["subject_id"].is_in(sellers.to_list()).all()
    assert {KEY_LIVE_EVENTS, DEAL_INVITES} <= set(removed["list_id"])
    assert removed["removed_at"].dt.date().is_between(*SEASON).all()
    assert len(removed) < len(lists) / 4


def test_shop_runs_one_deal_at_a_time(winter: Path) -> None:
    deals = held(winter, "deals").sort("starts_at")
    end_before = pl.col("ends_at").shift().over("seller_id")
    raised = versions(winter, "deals").group_by("deal_id").agg(pl.col("budget_amount").n_unique())
    assert set(deals["kind"]) == {"COUPON", "DISCOUNT", "FLASH_SALE"}
    assert deals.filter(pl.col("starts_at") < end_before).is_empty()
    assert (deals["ends_at"] - deals["starts_at"]).max() < timedelta(days=FORTNIGHT)
    assert (deals["invite_list_id"].is_not_null() == (deals["kind"] == "FLASH_SALE")).all()
    assert (deals["budget_amount"] >= 2_000).all()
    assert raised["budget_amount"].max() == 2


def test_redemptions_are_of_lines_that_the_platform_discounted(winter: Path, redemptions: pl.DataFrame) -> None:
    every = held(winter, "deal_redemptions")
    strays = redemptions.filter(pl.col("seller_id") != pl.col("line_seller_id"))
    in_time = pl.col("redeemed_at").is_between("starts_at", "ends_at", closed="left")
    outside = redemptions.filter(~in_time)
    early = redemptions.filter(pl.col("landed_on") < pl.col("line_landed_on"))
    assert len(redemptions) > 0.99 * len(every)
    assert every["order_line_id"].is_unique().all()
    assert (redemptions["discount_amount"] == redemptions["platform_discount"]).all()
    assert 0 < len(strays) < len(redemptions) / 50
    assert 0 < len(outside) < len(redemptions) / 5
    assert 0.01 < redemptions["restored"].mean() < 0.1
    assert 0 < len(early) < len(redemptions) / 10


def test_shops_that_advertise_do_so_every_day(winter: Path) -> None:
    spend = versions(winter, "ad_spend")
    held_spend = held(winter, "ad_spend")
    assert len(spend) > len(held_spend)
    assert held_spend.group_by("spend_on").len().sort("spend_on")["len"].tail(100).min() > 20
    assert 0.05 < held_spend["credit_spend"].sum() / held_spend["cash_spend"].sum() < 0.5
    assert 2 < held_spend["attributed_gmv"].sum() / held_spend["cash_spend"].sum() < 9
    lines = read(winter, "order_lines").unique("order_line_id")
    sold = lines.select(pl.col("original_amount").sum() * 100).item()
    assert 0.1 < held_spend["attributed_gmv"].sum() / int(sold) < 0.7


def test_short_videos_grow_for_service_and_creator_partners(winter: Path, lines: pl.DataFrame) -> None:
    for service, partner_type in (("SHOP", "TSP"), ("AFFILIATE", "CAP")):
        videos = served(winter, lines, service, "seller_id").filter(
            pl.col("partner_type") == partner_type,
            pl.col("content_type") == "VIDEO",
            pl.col("target_collaboration_id").is_not_null(),
        )
        months = videos.group_by("partner_id", pl.col("paid_on").dt.truncate("1mo").alias("month")).agg(
            pl.col("gross").sum()
        )
        base = months.filter(pl.col("month") == date(2025, 9, 1)).select("partner_id", pl.col("gross").alias("base"))
        growth = months.filter(pl.col("month").is_between(*SEASON)).join(base, "partner_id", how="left")
        enough = growth.filter(pl.col("gross") - pl.col("base").fill_null(0) >= 100_000)
        assert enough["month"].n_unique() == 3, partner_type
        assert enough["partner_id"].n_unique() >= 2, partner_type


def test_affiliates_matches_and_incubated_creators_reach_their_thresholds(winter: Path, lines: pl.DataFrame) -> None:
    def groups(rows: pl.DataFrame, *keys: str) -> pl.Series:
        return rows.group_by(keys).agg(pl.col("gross").sum()).drop_nulls()["gross"]

    season = lines.filter(IN_SEASON)
    affiliate = served(winter, season.drop_nulls("creator_id"), "AFFILIATE", "seller_id")
    matched = season.filter(pl.col("paid_on").is_between(date(2025, 11, 12), date(2025, 12, 1)))
    listed = held(winter, "program_lists").filter(pl.col("list_id") == INCUBATION)["subject_id"].to_list()
    incubated = served(winter, season.filter(pl.col("creator_id").is_in(listed)), "CREATOR", "creator_id")
    assert (groups(affiliate, "partner_id", "seller_id") >= 100_000).sum() >= 5
    assert (groups(matched, "matched_by_partner_id") >= 500_000).any()
    assert (groups(incubated, "creator_id") >= 100_000).sum() >= 2


def test_livestreams_reach_the_leaderboards_and_key_events(winter: Path, lines: pl.DataFrame) -> None:
    sessions = held(winter, "live_sessions").with_columns(
        (pl.col("ended_at") - pl.col("started_at")).dt.total_minutes().alias("minutes"),
        pl.col("started_at").dt.date().alias("paid_on"),
    )
    score = lines.group_by(pl.col("content_id").alias("live_id")).agg(pl.col("gross").sum().alias("score"))
    scored = served(winter, sessions.join(score, "live_id"), "SHOP", "seller_id")
    for first, last in ((20, 26), (55, 62), (69, 75)):
        days = date(2025, 10, 1) + timedelta(days=first - 1), date(2025, 10, 1) + timedelta(days=last - 1)
        board = scored.filter(pl.col("paid_on").is_between(*days), pl.col("minutes") >= 60)
        assert (board.group_by("partner_id").agg(pl.col("score").sum())["score"] >= 50_000).sum() >= 3
    lists = held(winter, "program_lists").select("list_id", "subject_id", "removed_at")
    invited = lists.filter(pl.col("list_id") == KEY_LIVE_EVENTS)
    key = scored.join(invited, left_on="seller_id", right_on="subject_id").filter(
        IN_SEASON, pl.col("removed_at").is_null() | (pl.col("started_at") < pl.col("removed_at"))
    )
    assert not key.filter(pl.col("minutes") >= 90, pl.col("score") >= 210_000).is_empty()


def test_some_budgets_of_deals_run_out(redemptions: pl.DataFrame) -> None:
    paid = redemptions.filter(
        pl.col("redeemed_at").dt.date().is_between(*SEASON),
        pl.col("redeemed_at").is_between("starts_at", "ends_at", closed="left"),
        ~pl.col("restored"),
        pl.col("seller_id") == pl.col("line_seller_id"),
    ).with_columns((pl.col("discount_amount") * pl.col("platform_share_bps") // 10_000).alias("cost"))
    deals = paid.group_by("deal_id").agg(pl.col("cost").sum(), pl.col("budget_amount").first())
    months = paid.group_by("deal_id").agg(pl.col("redeemed_at").dt.month().n_unique())
    run_out = (deals["cost"] > deals["budget_amount"]).mean()
    assert 0.1 < run_out < 0.6
    assert set(paid["kind"]) == {"COUPON", "DISCOUNT", "FLASH_SALE"}
    assert months["redeemed_at"].max() == 2


def test_deals_are_announced_before_they_start_or_land_late(winter: Path, winter_days: tuple[date, date]) -> None:
    deals = versions(winter, "deals").unique("deal_id", keep="first", maintain_order=True)
    daily = deals.filter(pl.col("landed_on") > winter_days[0])
    starts = daily["starts_at"].dt.date()
    fortnights = {day_number(day) // FORTNIGHT for day in starts}
    assert len(fortnights) >= 2
    assert (daily["landed_on"] <= starts).mean() > 0.8
