{{ config(materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail') }}
-- What each delivery day added to and took from gmv_daily: one row a knowledge date, paid day, seller and content
-- type. short_video: VIDEO of a targeted plan; affiliate: lines with a creator (rulebook 1). orders: distinct at this
-- grain.
{{ presence_movements(['gmv_date', 'seller_id', 'content_type']) }},

amounts as (
    select
        known_on,
        gmv_date,
        seller_id,
        content_type,
        gross_cents,
        net_cents,
        short_video_gross_cents,
        short_video_net_cents,
        case when creator_id is not null then gross_cents else 0 end as affiliate_gross_cents,
        case when creator_id is not null then net_cents else 0 end as affiliate_net_cents,
        units,
        0 as orders
    from {{ ref('line_movements') }}
    union all
    select known_on, gmv_date, seller_id, content_type, 0, 0, 0, 0, 0, 0, 0, turn
    from turns
    where turn <> 0 and {{ in_run_window('known_on') }}
)

select
    known_on,
    gmv_date,
    seller_id,
    content_type,
    {{ total('gross_cents') }} as gross_cents,
    {{ total('net_cents') }} as net_cents,
    {{ total('short_video_gross_cents') }} as short_video_gross_cents,
    {{ total('short_video_net_cents') }} as short_video_net_cents,
    {{ total('affiliate_gross_cents') }} as affiliate_gross_cents,
    {{ total('affiliate_net_cents') }} as affiliate_net_cents,
    {{ total('units') }} as units,
    {{ total('orders') }} as orders
from amounts
group by known_on, gmv_date, seller_id, content_type
having
    sum(gross_cents) <> 0
    or sum(net_cents) <> 0
    or sum(short_video_gross_cents) <> 0
    or sum(short_video_net_cents) <> 0
    or sum(affiliate_gross_cents) <> 0
    or sum(affiliate_net_cents) <> 0
    or sum(units) <> 0
    or sum(orders) <> 0
