-- Every mart of GMV holds the sum of its movements, by paid day.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'gmv_daily'}}}) }}
with
    totals as (
        select 'gmv_daily' as mart, gmv_date, gross_cents, net_cents, units, orders
        from {{ ref('gmv_daily') }}
        union all
        select 'gmv_daily', gmv_date, - gross_cents, - net_cents, - units, - orders
        from {{ ref('gmv_daily_movements') }}
        union all
        select 'creator_gmv_daily', gmv_date, gross_cents, net_cents, units, 0
        from {{ ref('creator_gmv_daily') }}
        union all
        select 'creator_gmv_daily', gmv_date, - gross_cents, - net_cents, - units, 0
        from {{ ref('creator_gmv_daily_movements') }}
        union all
        select 'partner_gmv_daily', gmv_date, gross_cents + matched_gross_cents, net_cents + matched_net_cents, units, 0
        from {{ ref('partner_gmv_daily') }}
        union all
        select
            'partner_gmv_daily',
            gmv_date,
            - gross_cents - matched_gross_cents,
            - net_cents - matched_net_cents,
            - units,
            0
        from {{ ref('partner_gmv_daily_movements') }}
    )

select
    mart,
    gmv_date,
    sum(gross_cents) as gross_cents,
    sum(net_cents) as net_cents,
    sum(units) as units,
    sum(orders) as orders
from totals
group by mart, gmv_date
having sum(gross_cents) <> 0 or sum(net_cents) <> 0 or sum(units) <> 0 or sum(orders) <> 0
