-- Partner figures equal those of the shops and creators that the partner serves on each paid day, as known now: an
-- assignment neither doubles nor drops a line.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'partner_gmv_daily'}}}) }}
with
    served as (
        select 'SELLER' as subject_type, seller_id as subject_id, gmv_date, gross_cents, net_cents, units
        from {{ ref('gmv_daily') }}
        union all
        select 'CREATOR', creator_id, gmv_date, gross_cents, net_cents, units
        from {{ ref('creator_gmv_daily') }}
    ),

    differences as (
        select
            served.gmv_date,
            assignments.partner_id,
            assignments.service,
            served.gross_cents,
            served.net_cents,
            served.units
        from served
        inner join
            {{ ref('assignment_periods') }} as assignments
            on served.subject_type = assignments.subject_type
            and served.subject_id = assignments.subject_id
            and served.gmv_date >= assignments.valid_from
            and served.gmv_date < assignments.valid_to
        where assignments.known_to = {{ end_of_time() }}
        union all
        select gmv_date, partner_id, service, - gross_cents, - net_cents, - units
        from {{ ref('partner_gmv_daily') }}
        where service <> 'MATCHED'
    )

select gmv_date, partner_id, service, sum(gross_cents) as gross_cents, sum(net_cents) as net_cents, sum(units) as units
from differences
group by gmv_date, partner_id, service
having sum(gross_cents) <> 0 or sum(net_cents) <> 0 or sum(units) <> 0
