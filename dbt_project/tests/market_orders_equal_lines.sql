-- What this run's movements add to the market's distinct orders equals the difference between the lines as known
-- after and
-- before it, by paid day.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'market_order_movements'}}}) }}
with
    differences as (
        select gmv_date, side * count(distinct order_key) as orders
        from {{ ref('lines_before_and_after') }}
        group by gmv_date, side
        union all
        select gmv_date, - orders
        from {{ ref('market_order_movements') }}
        where {{ in_run_window('known_on') }}
    )

select gmv_date
from differences
group by gmv_date
having sum(orders) <> 0
