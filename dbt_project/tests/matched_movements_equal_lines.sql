-- What this run's movements add to matched GMV equals the difference between the lines as known after and before it, to
-- the cent: by paid day and partner.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'matched_gmv_daily_movements'}}}) }}
with
    differences as (
        select gmv_date, matched_by_partner_id as partner_id, gross_cents, net_cents
        from {{ ref('lines_before_and_after') }}
        where matched_by_partner_id is not null
        union all
        select gmv_date, partner_id, - gross_cents, - net_cents
        from {{ ref('matched_gmv_daily_movements') }}
        where {{ in_run_window('known_on') }}
    )

select gmv_date, partner_id
from differences
group by gmv_date, partner_id
having sum(gross_cents) <> 0 or sum(net_cents) <> 0
