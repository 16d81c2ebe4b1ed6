"""Half a million real lines: all that is whole is accepted and counts, to the cent, and every other row says why it does not.

The figures are made here by DuckDB from the file itself, without the adapter or the pipeline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import online_retail
import polars as pl
import pytest
from acceptance.conftest import World as Landing
from compiled.world import World

from data_contracts.feeds import FEEDS
from orchestration.deliveries import DeliveryRecord, State

DAY = date(2011, 12, 10)
"""The day after the last invoice."""
ROWS = """
create table rows as
with numbered as (select *, file_row_number + 1 as line from read_parquet('{export}', file_row_number = true)),
marked as (
    select *, (InvoiceDate, CustomerID, Country, Quantity < 0)
        is distinct from lag((InvoiceDate, CustomerID, Country, Quantity < 0)) over (order by line) as opens
    from numbered
)
select *, sum(opens::int) over (order by line) as invoice, UnitPrice::varchar::decimal(18, 3) as price,
    Quantity * UnitPrice::varchar::decimal(18, 3) as amount, InvoiceDate::timestamp::date as invoiced_on
from marked
"""
WHOLE = "Description is not null and Quantity > 0 and price >= 0 and amount = round(amount, 2)"


@dataclass(frozen=True)
class Market:
    """The deliveries of the export: as refused, as accepted where the feeds allow so many broken rows; and the source."""

    landing: Landing
    refused: dict[str, DeliveryRecord]
    accepted: dict[str, DeliveryRecord]
    source: duckdb.DuckDBPyConnection

    def count(self, sql: str) -> tuple[int, ...]:
        """The one row that a query on the source finds."""
        row = self.source.execute(sql).fetchone()
        assert row is not None
        return row


@pytest.fixture(scope="module")
def export(real_data: Callable[[str], Path]) -> Path:
    return real_data("uci_online_retail") / "online_retail.parquet"


def allow_any_share(patch: pytest.MonkeyPatch) -> None:
    """Lets both feeds have broken rows in any share."""
    for feed in ("orders", "order_lines"):
        patch.setitem(FEEDS, feed, replace(FEEDS[feed], refused_above_share_bps=10_000))


@pytest.fixture(scope="module")
def market(export: Path, new_landing: Callable[[], Landing]) -> Market:
    """Both feeds in one delivery day, taken in before and after the share is set."""
    landing = new_landing()
    landing.put("orders", "online_retail.parquet", online_retail.orders(export), DAY)
    landing.put("order_lines", "online_retail.parquet", online_retail.order_lines(export), DAY)
    refused = {feed: landing.accept(feed, DAY) for feed in ("orders", "order_lines")}
    with pytest.MonkeyPatch.context() as patch:
        allow_any_share(patch)
        accepted = {feed: landing.accept(feed, DAY) for feed in ("orders", "order_lines")}
    source = duckdb.connect()
    source.execute(ROWS.format(export=export))
    return Market(landing, refused, accepted, source)


@pytest.fixture(scope="module")
def world(market: Market, built: Callable[[Landing, date, str], World]) -> World:
    return built(market.landing, DAY, online_retail.TIME_ZONE)


def test_deliveries_with_more_broken_rows_than_allowed_are_refused_and_say_how_many(market: Market) -> None:
    orders, anonymous = market.count(
        "select count(distinct invoice), count(distinct invoice) filter (CustomerID is null) from rows"
    )
    lines, broken, negative = market.count(
        f"""select count(*), count(*) filter (not ({WHOLE})),
        count(*) filter (Quantity < 0 and Description is not null) from rows"""
    )
    found = {feed: (record.state, record.delivered, record.quarantined) for feed, record in market.refused.items()}
    assert found == {
        "orders": (State.REFUSED, orders, anonymous),
        "order_lines": (State.REFUSED, lines, broken),
    }
    assert (orders, lines) == (25_377, 541_909)
    assert f"{anonymous:,} of {orders:,} rows" in market.refused["orders"].reason
    assert f"{anonymous:,} of them buyer_id: required" in market.refused["orders"].reason
    assert f"{broken:,} of {lines:,} rows" in market.refused["order_lines"].reason
    assert f"{negative:,} of them quantity: range" in market.refused["order_lines"].reason


def test_where_the_feeds_allow_them_the_rest_is_accepted(market: Market) -> None:
    lines, cents, units = market.count(f"select count(*), sum(amount) * 100, sum(Quantity) from rows where {WHOLE}")
    orders, anonymous = market.count(
        "select count(distinct invoice), count(distinct invoice) filter (CustomerID is null) from rows"
    )
    accepted = market.landing.accepted("order_lines", DAY)
    assert {feed: (record.state, record.accepted) for feed, record in market.accepted.items()} == {
        "orders": (State.ACCEPTED, orders - anonymous),
        "order_lines": (State.ACCEPTED, lines),
    }
    assert (accepted["original_amount_cents"].sum(), accepted["quantity"].sum()) == (cents, units)
    assert {(record.repeats, record.overtaken) for record in market.accepted.values()} == {(0, 0)}


def test_each_broken_line_stands_in_quarantine_under_all_the_rules_that_it_breaks(market: Market) -> None:
    expected = market.source.execute(
        f"""select line, concat_ws(';',
            case when Description is null then 'product_id:required' end,
            case when Quantity < 0 then 'quantity:range' end,
            case when amount < 0 then 'original_amount:range' end,
            case when amount <> round(amount, 2) then 'original_amount:decimals' end,
            case when amount < 0 then 'seller_discount:discount_above_amount' end)
        from rows where not ({WHOLE}) order by line"""
    ).fetchall()
    quarantined = market.landing.quarantined("order_lines", DAY).sort("row_number")
    assert quarantined.select("row_number", "all_rules").rows() == expected
    firsts = [tuple(rules.split(";")[0].split(":")) for _, rules in expected]
    assert quarantined.select("column", "rule").rows() == firsts
    assert Counter(firsts) == {
        ("quantity", "range"): 9_762,
        ("product_id", "required"): 1_454,
        ("original_amount", "decimals"): 4,
        ("original_amount", "range"): 2,
    }


def test_each_order_without_a_customer_stands_in_quarantine(market: Market) -> None:
    expected = market.source.execute(
        "select distinct invoice::varchar from rows where CustomerID is null order by invoice"
    ).fetchall()
    quarantined = market.landing.quarantined("orders", DAY).sort("row_number")
    assert quarantined.select("record_id").rows() == expected
    assert set(quarantined["all_rules"]) == {"buyer_id:required"}


def test_accepted_values_are_the_files(market: Market) -> None:
    part = market.landing.settings.accepted / "{feed}" / f"landed_on={DAY}" / "*.parquet"
    lines = f"""select line::varchar, invoice::varchar, trim(Description), Quantity::bigint, (amount * 100)::bigint
        from rows where {WHOLE}"""
    accepted = f"""select order_line_id, order_id, product_id, quantity, original_amount_cents
        from read_parquet('{str(part).format(feed="order_lines")}')"""
    assert (
        market.source.execute(f"({accepted} except all {lines}) union all ({lines} except all {accepted})").fetchall()
        == []
    )
    buyers = """select distinct invoice::varchar, printf('%d', CustomerID::bigint), InvoiceDate::timestamp
        from rows where CustomerID is not null"""
    accepted = f"""select order_id, buyer_id, paid_at at time zone '{online_retail.TIME_ZONE}'
        from read_parquet('{str(part).format(feed="orders")}')"""
    assert (
        market.source.execute(f"({accepted} except all {buyers}) union all ({buyers} except all {accepted})").fetchall()
        == []
    )


def test_gmv_of_each_day_is_what_its_customers_bought(market: Market, world: World) -> None:
    expected = market.source.execute(
        f"""select invoiced_on, (sum(amount) * 100)::bigint, sum(Quantity)::bigint, count(distinct invoice)
        from rows where {WHOLE} and CustomerID is not null group by invoiced_on order by invoiced_on"""
    ).fetchall()
    assert len(expected) > 300
    assert expected == world.rows("select gmv_date, gross_cents, units, orders from marts.gmv_daily order by gmv_date")


def test_lines_of_orders_in_quarantine_wait_and_say_so(market: Market, world: World) -> None:
    anonymous = market.source.execute(
        f"select line::varchar, invoice::varchar from rows where {WHOLE} and CustomerID is null order by line"
    ).fetchall()
    assert len(anonymous) > 100_000
    waiting = world.rows("select record_id, parent_id from marts.waiting_records order by cast(record_id as bigint)")
    assert waiting == anonymous
    assert world.rows("select distinct feed, reason, age_days from marts.waiting_records") == [
        ("order_lines", "PARENT_QUARANTINED", 0)
    ]


def test_the_same_lines_as_csv_are_the_same_lines(
    export: Path, market: Market, new_landing: Callable[[], Landing], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_any_share(monkeypatch)
    landing = new_landing()
    path = landing.put("order_lines", "online_retail.csv", "", DAY)
    online_retail.order_lines(export).write_csv(path)
    record = landing.accept("order_lines", DAY)
    assert replace(record, files=(), parts=()) == replace(market.accepted["order_lines"], files=(), parts=())
    assert landing.accepted("order_lines", DAY).equals(market.landing.accepted("order_lines", DAY))
    columns = ["row_number", "column", "rule", "all_rules", "record_id"]
    quarantined = landing.quarantined("order_lines", DAY)
    assert quarantined.select(columns).equals(market.landing.quarantined("order_lines", DAY).select(columns))


def test_prices_and_customers_as_the_floats_that_the_file_has_are_no_values(
    export: Path, new_landing: Callable[[], Landing]
) -> None:
    floats = pl.read_parquet(export).head(10_000)
    landing = new_landing()
    lines = online_retail.order_lines(export).head(10_000)
    lines = lines.with_columns(original_amount=floats["UnitPrice"] * floats["Quantity"])
    landing.put("order_lines", "floats.parquet", lines, DAY)
    orders = online_retail.orders(export).with_columns(buyer_id=pl.col("buyer_id").cast(pl.Float64))
    landing.put("orders", "floats.parquet", orders, DAY)
    assert {landing.accept(feed, DAY).accepted for feed in ("orders", "order_lines")} == {0}
    rules = landing.quarantined("order_lines", DAY)["all_rules"].str.split(";").list
    assert rules.contains("original_amount:type").all()
    assert set(landing.quarantined("orders", DAY)["all_rules"]) == {"buyer_id:type", "buyer_id:required"}
