{{ config(
    materialized='incremental', incremental_strategy='replace_touched', unique_key=['gmv_date', 'seller_id', 'content_type'],
    meta={'touched': 'gmv_daily_movements', 'sliced': {'by': 'seller_id', 'rows_of': 'gmv_daily_movements'}}, full_refresh=false, on_schema_change='fail'
) }}
-- GMV by paid day, shop and content type: the sum of all movements. One row each where a line counts.
{%- set keys = ['gmv_date', 'seller_id', 'content_type'] %}
{%- set amounts = [
    'gross_cents', 'net_cents', 'units', 'orders', 'short_video_gross_cents', 'short_video_net_cents', 'affiliate_gross_cents', 'affiliate_net_cents'
] %}
with
    known_movements as (
        {{ rows_of_kept(ref('gmv_daily_movements'), keys + amounts, keys, ref('gmv_daily_movements')) }}
    )

select
    gmv_date,
    seller_id,
    content_type,
    {{ total('gross_cents') }} as gross_cents,
    {{ total('net_cents') }} as net_cents,
    {{ total('units') }} as units,
    {{ total('orders') }} as orders,
    {{ total('short_video_gross_cents') }} as short_video_gross_cents,
    {{ total('short_video_net_cents') }} as short_video_net_cents,
    {{ total('affiliate_gross_cents') }} as affiliate_gross_cents,
    {{ total('affiliate_net_cents') }} as affiliate_net_cents
from known_movements
where {{ in_slice('seller_id') }}
group by gmv_date, seller_id, content_type
having sum(units) <> 0
