-- Partners by net GMV of the shops they serve (service SHOP), by calendar month: one row a month and partner. One
-- service only, since a shop may be served in several and its lines must not count twice.
with
    figures as (
        select
            {{ month_of('gmv_date') }} as month,
            partner_id,
            {{ total('gross_cents') }} as gross_cents,
            {{ total('net_cents') }} as net_cents
        from {{ ref('partner_gmv_daily') }}
        where service = 'SHOP'
        group by {{ month_of('gmv_date') }}, partner_id
    ),

    {{ monthly_ranking('figures', 'partner_id') }}
