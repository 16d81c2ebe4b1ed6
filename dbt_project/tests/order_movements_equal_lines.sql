-- Distinct orders that this run's movements add equal those of the lines as known after less before it: for the
-- touched orders, by paid day, shop and content type, and for the market by paid day.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'gmv_daily_movements'}}}) }}
with
    after_run as (
        {{ lines_as_known("(select known_through from " ~ source('context', 'run_window') ~ ")", ref('touched_lines')) }}
    ),

    before_run as (
        {{ lines_as_known("(select known_from from " ~ source('context', 'run_window') ~ ")", ref('touched_lines')) }}
    ),

    differences as (
        select gmv_date, seller_id, content_type, count(distinct order_key) as orders
        from after_run
        group by gmv_date, seller_id, content_type
        union all
        select gmv_date, seller_id, content_type, - count(distinct order_key)
        from before_run
        group by gmv_date, seller_id, content_type
        union all
        select gmv_date, seller_id, content_type, - orders
        from {{ ref('gmv_daily_movements') }}
        where {{ in_run_window('known_on') }}
        union all
        select gmv_date, null, 'whole market', count(distinct order_key)
        from after_run
        group by gmv_date
        union all
        select gmv_date, null, 'whole market', - count(distinct order_key)
        from before_run
        group by gmv_date
        union all
        select gmv_date, null, 'whole market', - orders
        from {{ ref('market_order_movements') }}
        where {{ in_run_window('known_on') }}
    )

select gmv_date, seller_id, content_type, sum(orders) as orders
from differences
group by gmv_date, seller_id, content_type
having sum(orders) <> 0
