"""An extract whose lines mostly have no order: each of them is reported as waiting, by age, and none of them is GMV.

The figures are made here by DuckDB from the files themselves, without the adapter or the pipeline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
import truncated_extract
from acceptance.conftest import World as Landing
from compiled.world import World
from deployment import Deployment
from real_orders import olist

FIRST, SECOND, LAST = truncated_extract.EXPORTS
SOURCE = f"""
create table orders as select *, order_approved_at::timestamp::date as paid_on
from read_csv('{{folder}}/olist_orders_dataset.csv', all_varchar = true);
create table items as
with known as (
    select *, timezone('UTC', timezone('{olist.TIME_ZONE}', shipping_limit_date::timestamp))::date as known_on
    from read_csv('{{folder}}/olist_order_items_dataset.csv', all_varchar = true)
)
select order_id || '-' || order_item_id as line_id, order_id, seller_id, price::decimal(18, 2) as price,
    case when known_on <= '{FIRST}' then '{FIRST}' when known_on <= '{SECOND}' then '{SECOND}' else '{LAST}' end::date
        as landed_on
from known;
create table sellers as from read_csv('{{folder}}/olist_sellers_dataset.csv', all_varchar = true);
"""
ORPHAN = "order_id not in (select order_id from orders)"


@dataclass(frozen=True)
class Extract:
    """The deployment after its one run, and the source's tables."""

    deployment: Deployment
    source: duckdb.DuckDBPyConnection

    def rows(self, sql: str) -> list[tuple]:
        """The rows that a query on the source finds."""
        return self.source.execute(sql).fetchall()


@pytest.fixture(scope="module")
def extract(real_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Extract:
    """One run over the three exports."""
    folder = real_data("olist") / "truncated_extract"
    deployment = Deployment(tmp_path_factory.mktemp("extract") / "deployment", {"INCENTIVES_TIMEZONE": olist.TIME_ZONE})
    truncated_extract.land(folder, deployment)
    deployment.ship()
    source = duckdb.connect()
    source.execute(SOURCE.format(folder=folder))
    deployment.run(LAST.isoformat())
    return Extract(deployment, source)


def test_all_orders_and_lines_land(extract: Extract) -> None:
    delivered = extract.deployment.rows("select feed, sum(accepted), sum(quarantined) from deliveries group by feed")
    counts = {feed: (accepted, quarantined) for feed, accepted, quarantined in delivered}
    [(lines,)] = extract.rows("select count(*) from items")
    assert counts["order_lines"] == (lines, 0) == (5_154, 0)
    assert counts["orders"][1] == 0
    with duckdb.connect() as accepted:
        orders = accepted.execute(
            f"select distinct order_id from '{extract.deployment.home}/accepted/orders/*/*.parquet'"
        )
        assert sorted(orders.fetchall()) == extract.rows("select order_id from orders order by order_id")
    assert extract.rows("select count(*) from orders") == [(4_071,)]


def test_each_line_without_an_order_waits_and_no_other(extract: Extract) -> None:
    expected = extract.rows(
        f"""select 'order_lines', line_id, order_id, landed_on, '{LAST}'::date - landed_on, 'WAITING'
        from items where {ORPHAN} order by line_id"""
    )
    assert len(expected) == 4_954
    assert expected == extract.deployment.rows(
        "select feed, record_id, parent_id, landed_on, age_days, reason from waiting_records order by record_id"
    )


def test_lines_that_wait_for_more_than_90_days_are_lost(
    extract: Extract, new_landing: Callable[[], Landing], built: Callable[[Landing, date, str], World]
) -> None:
    settings = replace(new_landing().settings, home=extract.deployment.home)
    world = built(Landing(settings), FIRST + timedelta(days=91), olist.TIME_ZONE)
    by_age = extract.rows(
        f"""select case when landed_on = '{FIRST}' then 'LOST' else 'WAITING' end, '{FIRST}'::date + 91 - landed_on, count(*)
        from items where {ORPHAN} group by landed_on order by landed_on"""
    )
    assert [(reason, age) for reason, age, _ in by_age] == [("LOST", 91), ("WAITING", 90), ("WAITING", 69)]
    assert by_age == world.rows(
        "select reason, age_days, count(*) from marts.waiting_records group by all order by age_days desc"
    )


def test_gmv_is_that_of_the_lines_with_an_order(extract: Extract) -> None:
    expected = extract.rows(
        """select paid_on, seller_id, sum(price), sum(case when order_status <> 'canceled' then price else 0 end), count(*)
        from items inner join orders using (order_id)
        where paid_on is not null group by all order by all"""
    )
    assert sum(units for *_, units in expected) == 200
    assert {seller for _, seller, *_ in expected} - {
        seller for (seller,) in extract.rows("select seller_id from sellers")
    }
    assert expected == extract.deployment.rows(
        "select gmv_date, seller_id, gross_usd, net_usd, units from gmv_daily order by all"
    )
