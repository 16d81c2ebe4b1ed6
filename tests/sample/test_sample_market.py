"""The made-up market looks like one: its tail, its peaks, and every kind of record that the pipeline has to bear."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from landed import read, read_corrections

from orchestration.sample import SampleSummary, identifiers
from orchestration.sample.demand import Demand
from orchestration.sample.draws import day_number
from orchestration.sample.population import RECALLED_PRODUCT, RECALLED_SELLER


@pytest.fixture(scope="module")
def orders(winter: Path) -> pl.DataFrame:
    return read(winter, "orders")


@pytest.fixture(scope="module")
def lines(winter: Path) -> pl.DataFrame:
    return read(winter, "order_lines").with_columns(
        (pl.col("original_amount") - pl.col("seller_discount")).alias("gross")
    )


@pytest.fixture(scope="module")
def refunds(winter: Path) -> pl.DataFrame:
    return read(winter, "refunds")


@pytest.fixture(scope="module")
def events(winter: Path) -> pl.DataFrame:
    return read(winter, "referral_events")


def test_summary_counts_what_is_there(winter_run: tuple[Path, SampleSummary], orders: pl.DataFrame) -> None:
    landing, summary = winter_run
    assert summary.deliveries == len(list(landing.glob("*/landed_on=*")))
    assert summary.rows["orders"] == len(orders) + len(read_corrections(landing, "orders"))
    assert orders["order_id"].n_unique() == pytest.approx(summary.orders, rel=0.01)


def test_top_hundredth_of_shops_sells_two_fifths(lines: pl.DataFrame) -> None:
    gross = lines.group_by("seller_id").agg(pl.col("gross").sum()).sort("gross", descending=True)["gross"]
    top = -(-len(gross) // 100)
    assert gross.head(top).sum() >= gross.sum() * 4 / 10


def test_orders_have_one_to_four_lines_about_two(orders: pl.DataFrame, lines: pl.DataFrame) -> None:
    counts = lines.group_by("order_id").agg(pl.len(), pl.col("seller_id").n_unique().alias("sellers"))
    assert counts["len"].min() == 1
    assert counts["len"].max() == 4
    assert 1.8 < counts["len"].mean() < 2.2
    assert 0 < (counts["sellers"] > 1).sum() < len(counts) / 3
    assert orders["order_id"].str.len_chars().unique().to_list() == [18]
    assert lines["seller_id"].str.starts_with("7495").all()


def test_season_peaks_dips_and_grows() -> None:
    demand = Demand(day_number(date(2024, 10, 1)), 731, 2_000_000, 1)

    def mean(first: date, last: date) -> float:
        start, end = day_number(first), day_number(last) + 1
        return (demand.orders_before(end) - demand.orders_before(start)) / (end - start)

    september = mean(date(2025, 9, 1), date(2025, 9, 30))
    peak = mean(date(2025, 11, 20), date(2025, 12, 1))
    assert 3 < peak / september < 4.5
    assert demand.orders_on(day_number(date(2025, 11, 28))) > 1.2 * peak
    assert mean(date(2025, 12, 2), date(2025, 12, 8)) > mean(date(2025, 12, 15), date(2025, 12, 21))
    assert mean(date(2026, 1, 2), date(2026, 1, 31)) < mean(date(2025, 10, 5), date(2025, 10, 31))
    quarter, year_before = mean(date(2025, 10, 1), date(2025, 12, 31)), mean(date(2024, 10, 1), date(2024, 12, 31))
    assert quarter / year_before == pytest.approx(1.6, rel=0.03)
    assert demand.orders_before(day_number(date(2024, 10, 1)) + 730) == 2_000_000


def test_orders_change_and_land_in_time(orders: pl.DataFrame, winter_days: tuple[date, date]) -> None:
    daily = orders.filter(pl.col("landed_on") > winter_days[0])
    latest = pl.col("landed_on").cast(pl.Datetime("us", "UTC")) + pl.duration(days=2)
    assert set(orders["status"]) == {"UNPAID", "AWAITING_SHIPMENT", "DELIVERED", "COMPLETED", "CANCELLED"}
    assert orders.filter((pl.col("updated_at") > latest) | (pl.col("paid_at") > latest)).is_empty()
    assert 1.4 < len(daily) / daily["order_id"].n_unique() < 2.2
    for flag in ("is_sample", "is_replacement", "is_exchange"):
        assert 0 < orders[flag].mean() <= 0.012
    bulk = orders.filter(pl.col("landed_on") == winter_days[0])
    assert bulk["order_id"].is_unique().all()
    assert bulk["paid_at"].min().date() == date(2025, 1, 20)


def test_lines_land_without_their_order(winter: Path, orders: pl.DataFrame, lines: pl.DataFrame) -> None:
    landed = orders.group_by("order_id").agg(pl.col("landed_on").min().alias("order_landed_on"))
    beside = lines.join(landed, "order_id", how="left")
    late = beside.filter(pl.col("landed_on") < pl.col("order_landed_on"))
    orphans = beside.filter(pl.col("order_landed_on").is_null())
    quarantined = set(read_corrections(winter, "orders")["order_id"])
    assert len(late) > 0
    assert 0 < len(orphans) < len(lines) / 500
    assert set(orphans["order_id"]) & quarantined
    assert set(orphans["order_id"]) - quarantined


def test_attributions_name_content_and_creators(
    winter: Path, winter_days: tuple[date, date], lines: pl.DataFrame
) -> None:
    attributions = read(winter, "attributions")
    shares = dict(attributions["content_type"].value_counts(normalize=True).rows())
    video = attributions.filter(pl.col("content_type") == "VIDEO")
    first = attributions.unique("order_line_id")
    landed = first.join(lines, "order_line_id").filter(pl.col("landed_on_right") > winter_days[0])
    days = (landed["landed_on"] - landed["landed_on_right"]).dt.total_days()
    assert set(shares) == {"LIVE", "VIDEO", "SHOWCASE", "SHOP_TAB", "OTHER"}
    assert 0.32 < shares["LIVE"] < 0.38
    assert 0.45 < video["target_collaboration_id"].is_not_null().mean() < 0.55
    assert attributions["matched_by_partner_id"].is_not_null().any()
    assert (days == 1).mean() > 0.7
    assert days.max() >= 8


def test_refunds_come_soon_late_and_again(refunds: pl.DataFrame, orders: pl.DataFrame, lines: pl.DataFrame) -> None:
    completed = refunds.filter(pl.col("status") == "COMPLETED")
    days = (
        completed.join(orders.unique("order_id"), "order_id")
        .select((pl.col("completed_at") - pl.col("paid_at")).dt.total_days())
        .to_series()
    )
    superseded = completed.join(completed, left_on="supersedes_refund_id", right_on="refund_id")
    versions = refunds.group_by("refund_id").agg(pl.col("status"))["status"].list.join(">").unique().to_list()
    assert 0.04 < refunds["order_line_id"].n_unique() / lines["order_line_id"].n_unique() < 0.10
    assert ((days >= 3) & (days <= 20)).mean() > 0.5
    assert ((days >= 40) & (days <= 70)).mean() > 0.05
    assert len(superseded) > 0
    assert (superseded["order_line_id"] == superseded["order_line_id_right"]).all()
    assert "REQUESTED>COMPLETED" in versions
    assert "REJECTED" in set(refunds["status"])


def test_recall_takes_back_most_of_the_quarter(
    refunds: pl.DataFrame, orders: pl.DataFrame, lines: pl.DataFrame
) -> None:
    seller = pl.Series([RECALLED_SELLER]).to_numpy()
    recalled = lines.filter(
        pl.col("product_id") == str(identifiers.product_ids(seller, seller * 0 + RECALLED_PRODUCT)[0])
    ).join(orders.unique("order_id").filter(pl.col("status") == "DELIVERED"), "order_id")
    quarter = recalled.filter(pl.col("paid_at").dt.date().is_between(date(2025, 10, 1), date(2025, 12, 31)))
    burst = refunds.filter(
        pl.col("status") == "COMPLETED", pl.col("landed_on").is_between(date(2026, 2, 9), date(2026, 2, 20))
    )
    assert len(quarter) > 20
    assert quarter["order_line_id"].is_in(burst["order_line_id"].to_list()).mean() > 0.75


def test_corrections_repeats_and_broken_rows(winter: Path, lines: pl.DataFrame, orders: pl.DataFrame) -> None:
    corrected = read_corrections(winter, "order_lines").join(lines.unique("order_line_id"), "order_line_id")
    changed = corrected.filter(pl.col("original_amount") != pl.col("original_amount_right").cast(pl.String))
    same = corrected.filter(pl.col("original_amount") == pl.col("original_amount_right").cast(pl.String))
    beside = read_corrections(winter, "orders")
    assert len(changed) > 10
    assert len(same) > 3
    assert {"EUR"} <= set(beside["currency"]) or {"PENDING"} <= set(beside["status"])
    assert len(beside) < len(orders) / 100


def test_members_rings_and_buyers(winter: Path, orders: pl.DataFrame) -> None:
    members = read(winter, "members")
    shared = members.unique("member_id").filter(pl.col("device_hash").is_not_null())["device_hash"].value_counts()
    purchases = orders.unique("order_id")["buyer_id"].value_counts()["count"]
    signed_up = members.unique("member_id", keep="first")
    first_orders = (
        orders.group_by("buyer_id")
        .agg(pl.col("created_at").min())
        .join(signed_up, left_on="buyer_id", right_on="member_id")
    )
    assert set(orders["buyer_id"]) <= set(members["member_id"])
    assert (purchases > 1).mean() > 0.3
    assert shared["count"].max() >= 5
    assert 0 < members["is_employee"].mean() < 0.02
    assert (members["country"] == "US").mean() > 0.8
    late = first_orders.filter(pl.col("created_at") < pl.col("signed_up_at"))
    assert len(late) <= len(first_orders) / 1_000


def test_referrals_of_every_kind(events: pl.DataFrame, orders: pl.DataFrame) -> None:
    signups = events.filter(pl.col("event_type") == "SIGNUP", pl.col("occurred_at").str.ends_with("Z"))
    buyers = set(orders["buyer_id"])
    friends = signups["referrer_id"].value_counts()["count"]
    assert 190 <= signups["referee_id"].n_unique() <= 200
    assert {"FLAG", "CLEAR", "VOID"} <= set(events["event_type"])
    assert set(events.filter(pl.col("event_type") == "FLAG")["referee_id"]) - set(
        events.filter(pl.col("event_type") == "CLEAR")["referee_id"]
    )
    assert (signups["referrer_id"] == signups["referee_id"]).any()
    assert signups["clicked_at"].is_null().any()
    assert not signups["referee_id"].is_unique().all()
    assert {3, 4, 6, 14} <= set(friends)
    assert 0.6 < signups["referee_id"].is_in(list(buyers)).mean() < 0.95


def test_partners_change_hands(winter: Path) -> None:
    assignments = read(winter, "assignments").filter(pl.col("service") != "LOGISTICS")
    shops = assignments.filter(pl.col("service") == "SHOP")
    versions = shops.group_by("assignment_id").agg(pl.col("partner_id").n_unique(), pl.len())
    served = shops.group_by("subject_id").agg(pl.col("assignment_id").n_unique())
    partners = read(winter, "partners")
    assert set(assignments["service"]) == {"SHOP", "AFFILIATE", "CREATOR"}
    assert set(partners["partner_type"]) >= {"TSP", "CAP", "TAP", "MCN"}
    assert partners["payee_id"].is_null().any()
    assert (partners["tax_form_on_file"] == "false").any()
    assert (served["assignment_id"] > 1).any()
    assert (versions["partner_id"] > 1).any()
    assert (shops["valid_to"] == shops["valid_from"]).any()
