"""What a good engineer would write by hand for the same figures: two DuckDB scripts, one that forgets and one that remembers.

``now`` makes gmv_daily and the ranking of shops as they stand now, straight from landing: no contracts, no quarantine, no versions
of lines and attributions, no awards, no ledger. ``known`` keeps the same figures by knowledge date: the versions of orders, lines,
attributions and refunds, and what each delivery day added and took. Neither knows what breaks a contract. They are a floor of time
that the pipeline is measured against.

Run as ``python handwritten.py LANDING now|known BUCKETS MEMORY FOLDER``, with a folder for its database; prints seconds and what it
found as one line of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

NOW = """
    insert into parts
    with orders as (
        select order_id, arg_max(status, (updated_at, landed_on)) as status, arg_max(paid_at, (updated_at, landed_on)) as paid_at
        from {orders} where {of_bucket} and not (is_sample or is_replacement or is_exchange) group by order_id),
    refund_versions as (
        select refund_id, order_line_id, supersedes_refund_id,
            cast((amount + platform_discount_reversed) * 100 as bigint) as cents
        from {refunds} where {of_bucket} and status = 'COMPLETED'
        qualify row_number() over (partition by refund_id order by updated_at desc, landed_on desc) = 1),
    reversals as (
        select order_line_id, cast(sum(cents) as bigint) as cents from refund_versions as refunds
        where not exists (
            select 1 from refund_versions as later
            where later.supersedes_refund_id = refunds.refund_id and later.order_line_id = refunds.order_line_id)
        group by order_line_id),
    lines as (
        select order_line_id, order_id, seller_id, quantity, cast((original_amount - seller_discount) * 100 as bigint) as gross
        from {order_lines} where {of_bucket} and not is_gift),
    attributions as (select order_line_id, content_type from {attributions} where {of_bucket})
    select cast(paid_at as date) as gmv_date, seller_id, coalesce(content_type, 'UNATTRIBUTED') as content_type,
        cast(sum(gross) as bigint) as gross_cents,
        cast(sum(case when status = 'CANCELLED' then 0 else gross - least(coalesce(cents, 0), gross) end) as bigint) as net_cents,
        cast(sum(quantity) as bigint) as units, count(distinct order_id) as orders
    from lines join orders using (order_id) left join attributions using (order_line_id) left join reversals using (order_line_id)
    where paid_at is not null
    group by all"""

KNOWN = """
    insert into parts
    with orders as (
        select order_id, cast(paid_at as date) as paid_on, status = 'CANCELLED' as is_cancelled, landed_on as known_from,
            coalesce(lead(landed_on) over (partition by order_id order by landed_on), date '9999-12-31') as known_to
        from {orders} where {of_bucket} and not (is_sample or is_replacement or is_exchange)),
    lines as (
        select order_line_id, order_id, seller_id, quantity, cast((original_amount - seller_discount) * 100 as bigint) as gross,
            landed_on as known_from,
            coalesce(lead(landed_on) over (partition by order_line_id order by landed_on), date '9999-12-31') as known_to
        from {order_lines} where {of_bucket} and not is_gift),
    attributed as (
        select order_line_id, content_type, landed_on as known_from,
            coalesce(lead(landed_on) over (partition by order_line_id order by landed_on), date '9999-12-31') as known_to
        from {attributions} where {of_bucket}),
    attributions as (
        from attributed union all
        select order_line_id, 'UNATTRIBUTED', date '0001-01-01', min(known_from) from attributed group by order_line_id),
    completed as (
        select order_line_id, landed_on as known_from, cast((amount + platform_discount_reversed) * 100 as bigint) as cents
        from {refunds} where {of_bucket} and status = 'COMPLETED' and supersedes_refund_id is null),
    reversed as (
        select order_line_id, known_from, sum(sum(cents)) over (partition by order_line_id order by known_from) as cents,
            coalesce(lead(known_from) over (partition by order_line_id order by known_from), date '9999-12-31') as known_to
        from completed group by order_line_id, known_from),
    reversals as (
        from reversed union all
        select order_line_id, date '0001-01-01', 0, min(known_from) from reversed group by order_line_id),
    cells as (
        select paid_on as gmv_date, seller_id, coalesce(content_type, 'UNATTRIBUTED') as content_type, gross, quantity,
            case when is_cancelled then 0 else gross - least(coalesce(cents, 0), gross) end as net,
            greatest(lines.known_from, orders.known_from, attributions.known_from, reversals.known_from) as known_from,
            least(lines.known_to, orders.known_to, attributions.known_to, reversals.known_to) as known_to
        from lines join orders using (order_id)
        left join attributions using (order_line_id) left join reversals using (order_line_id)
        where paid_on is not null)
    select gmv_date, seller_id, content_type, known_on, cast(sum(gross) as bigint) as gross_cents,
        cast(sum(net) as bigint) as net_cents, cast(sum(quantity) as bigint) as units
    from (
        select gmv_date, seller_id, content_type, known_from as known_on, gross, net, quantity from cells
        where known_from < known_to
        union all
        select gmv_date, seller_id, content_type, known_to, -gross, -net, -quantity from cells
        where known_from < known_to and known_to < date '9999-12-31')
    group by all"""

_KEYS = "gmv_date date, seller_id varchar, content_type varchar"
_SUMS = "gross_cents bigint, net_cents bigint, units bigint"
COLUMNS = {"now": f"{_KEYS}, {_SUMS}, orders bigint", "known": f"{_KEYS}, known_on date, {_SUMS}"}
GMV_DAILY = "create table gmv_daily as select gmv_date, seller_id, content_type{also}, {sums} from parts group by all"
RANKING = """
    create table seller_gmv_ranking as
    select month, rank() over (partition by month order by net desc, seller_id) as rank, seller_id, gross, net
    from (select date_trunc('month', gmv_date) as month, seller_id, sum(gross_cents) as gross, sum(net_cents) as net
          from gmv_daily group by all)"""


def measure(landing: Path, which: str, buckets: int, memory: str, place: Path) -> dict[str, object]:
    """Seconds, peak GiB and the sums in cents that one script comes to."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        connection = duckdb.connect(f"{folder}/handwritten.duckdb")
        connection.execute(f"set threads = 2; set memory_limit = '{memory}'; set preserve_insertion_order = false")
        connection.execute(f"set temp_directory = '{folder}'; set timezone = 'UTC'")
        connection.execute(f"create table parts ({COLUMNS[which]})")
        feeds = {
            feed: f"read_parquet('{landing}/{feed}/*/*.parquet', hive_partitioning = true)"
            for feed in ("orders", "order_lines", "attributions", "refunds")
        }
        began = time.perf_counter()
        for bucket in range(buckets):
            of_bucket = f"hash(order_id) % {buckets} = {bucket}"
            connection.execute((NOW if which == "now" else KNOWN).format(**feeds, of_bucket=of_bucket))
        sums = ["gross_cents", "net_cents", "units", *(["orders"] if which == "now" else [])]
        connection.execute(
            GMV_DAILY.format(
                also="" if which == "now" else ", known_on", sums=", ".join(f"sum({name}) as {name}" for name in sums)
            )
        )
        connection.execute(RANKING)
        seconds = time.perf_counter() - began
        found = connection.execute("select count(*), sum(gross_cents), sum(net_cents) from gmv_daily").fetchone()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    assert found is not None
    return {
        "seconds": round(seconds, 2),
        "peak_gib": round(peak, 2),
        "rows": found[0],
        "gross": int(found[1]),
        "net": int(found[2]),
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))))
