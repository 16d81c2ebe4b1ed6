-- Creators by net GMV of the calendar month: one row a month and creator.
with
    figures as (
        select
            {{ month_of('gmv_date') }} as month,
            creator_id,
            {{ total('gross_cents') }} as gross_cents,
            {{ total('net_cents') }} as net_cents
        from {{ ref('creator_gmv_daily') }}
        group by {{ month_of('gmv_date') }}, creator_id
    ),

    {{ monthly_ranking('figures', 'creator_id') }}
