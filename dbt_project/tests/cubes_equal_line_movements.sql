-- The cubes of shops, creators and matching partners hold what the lines moved in this run, by paid day: no row lost,
-- none doubled.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'gmv_daily_movements'}}}) }}
with
    totals as (
        select 'shops' as cube, gmv_date, gross_cents, net_cents, units
        from {{ ref('line_movements') }}
        union all
        select 'shops', gmv_date, - gross_cents, - net_cents, - units
        from {{ ref('gmv_daily_movements') }}
        where {{ in_run_window('known_on') }}
        union all
        select 'creators', gmv_date, gross_cents, net_cents, units
        from {{ ref('line_movements') }}
        where creator_id is not null
        union all
        select 'creators', gmv_date, - gross_cents, - net_cents, - units
        from {{ ref('creator_gmv_daily_movements') }}
        where {{ in_run_window('known_on') }}
        union all
        select 'matched', gmv_date, gross_cents, net_cents, 0
        from {{ ref('line_movements') }}
        where matched_by_partner_id is not null
        union all
        select 'matched', gmv_date, - gross_cents, - net_cents, 0
        from {{ ref('matched_gmv_daily_movements') }}
        where {{ in_run_window('known_on') }}
    )

select cube, gmv_date, sum(gross_cents) as gross_cents, sum(net_cents) as net_cents, sum(units) as units
from totals
group by cube, gmv_date
having sum(gross_cents) <> 0 or sum(net_cents) <> 0 or sum(units) <> 0
