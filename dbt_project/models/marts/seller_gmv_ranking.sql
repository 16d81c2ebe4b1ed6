-- Shops by net GMV of the calendar month: one row a month and seller.
with
    figures as (
        select
            {{ month_of('gmv_date') }} as month,
            seller_id,
            {{ total('gross_cents') }} as gross_cents,
            {{ total('net_cents') }} as net_cents
        from {{ ref('gmv_daily') }}
        group by {{ month_of('gmv_date') }}, seller_id
    ),

    {{ monthly_ranking('figures', 'seller_id') }}
