-- Each ranking holds every figure of its mart once, and its ranks run from 1 without a gap.
{{ config(meta={'dagster': {'ref': {'name': 'seller_gmv_ranking'}}}) }}
with
    totals as (
        select 'sellers' as ranking, {{ month_of('gmv_date') }} as month, gross_cents, net_cents
        from {{ ref('gmv_daily') }}
        union all
        select 'sellers', month, - gross_cents, - net_cents
        from {{ ref('seller_gmv_ranking') }}
        union all
        select 'creators', {{ month_of('gmv_date') }}, gross_cents, net_cents
        from {{ ref('creator_gmv_daily') }}
        union all
        select 'creators', month, - gross_cents, - net_cents
        from {{ ref('creator_gmv_ranking') }}
        union all
        select 'partners', {{ month_of('gmv_date') }}, gross_cents, net_cents
        from {{ ref('partner_gmv_daily') }}
        where service = 'SHOP'
        union all
        select 'partners', month, - gross_cents, - net_cents
        from {{ ref('partner_gmv_ranking') }}
    )

select ranking, month, sum(gross_cents) as gross_cents, sum(net_cents) as net_cents
from totals
group by ranking, month
having sum(gross_cents) <> 0 or sum(net_cents) <> 0
