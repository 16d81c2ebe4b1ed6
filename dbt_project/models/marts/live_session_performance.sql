{{ config(
    materialized='incremental', incremental_strategy='replace_touched', unique_key=['live_id'],
    meta={'touched': 'touched_lives'}, full_refresh=false, on_schema_change='fail'
) }}
-- What each livestream sold, as known now: one row a livestream, also those that sold nothing. All lines attributed to
-- it count, whenever paid; the partner is the one that serves its shop on the business day of its start.
with
    versions as (
        {{ rows_of_kept(ref('stg_live_sessions'), [
            'live_id', 'seller_id', 'creator_id', 'started_at', 'ended_at', 'viewers', 'updated_at', 'landed_on'
        ], ['live_id'], ref('touched_lives')) }}
    ),

    sessions as ({{ latest_known('versions', 'live_id', as_of()) }}),

    sales as (
        {{ rows_of_kept(ref('content_gmv_daily_movements'), [
            'content_type', 'content_id', 'gross_cents', 'net_cents', 'units', 'orders'
        ], ['content_id'], ref('touched_lives'), ['live_id']) }}
    ),

    sold as (
        select
            content_id as live_id,
            {{ total('gross_cents') }} as gross_cents,
            {{ total('net_cents') }} as net_cents,
            {{ total('units') }} as units,
            {{ total('orders') }} as orders
        from sales
        where content_type = 'LIVE'
        group by content_id
    ),

    -- One row a livestream: a shop has at most one partner a day.
    partners as (
        select sessions.live_id, assignments.partner_id
        from sessions
        inner join
            {{ ref('assignment_periods') }} as assignments
            on assignments.subject_type = 'SELLER'
            and assignments.service = 'SHOP'
            and assignments.subject_id = sessions.seller_id
            and assignments.known_to = {{ end_of_time() }}
            and {{ business_date('sessions.started_at') }} >= assignments.valid_from
            and {{ business_date('sessions.started_at') }} < assignments.valid_to
    )

select
    sessions.live_id,
    sessions.seller_id,
    sessions.creator_id,
    partners.partner_id,
    sessions.started_at,
    {{ business_date('sessions.started_at') }} as started_date,
    {{ whole_minutes('sessions.started_at', 'sessions.ended_at') }} as minutes,
    sessions.viewers,
    coalesce(sold.gross_cents, 0) as gross_cents,
    coalesce(sold.net_cents, 0) as net_cents,
    {{ per_thousand('coalesce(sold.net_cents, 0)', 'sessions.viewers') }} as net_per_1000_viewers_cents,
    coalesce(sold.units, 0) as units,
    coalesce(sold.orders, 0) as orders
from sessions
left join sold on sessions.live_id = sold.live_id
left join partners on sessions.live_id = partners.live_id
