{{ config(
    materialized='incremental', incremental_strategy='replace_touched', unique_key=['gmv_date', 'creator_id', 'content_type'],
    meta={'touched': 'creator_gmv_daily_movements', 'sliced': {'by': 'creator_id', 'rows_of': 'creator_gmv_daily_movements'}}, full_refresh=false, on_schema_change='fail'
) }}
-- GMV by paid day, attributed creator and content type: the sum of all movements.
{%- set keys = ['gmv_date', 'creator_id', 'content_type'] %}
{%- set amounts = [
    'gross_cents', 'net_cents', 'units', 'short_video_gross_cents', 'short_video_net_cents'
] %}
with
    known_movements as (
        {{ rows_of_kept(ref('creator_gmv_daily_movements'), keys + amounts, keys, ref('creator_gmv_daily_movements')) }}
    )

select
    gmv_date,
    creator_id,
    content_type,
    {{ total('gross_cents') }} as gross_cents,
    {{ total('net_cents') }} as net_cents,
    {{ total('units') }} as units,
    {{ total('short_video_gross_cents') }} as short_video_gross_cents,
    {{ total('short_video_net_cents') }} as short_video_net_cents
from known_movements
where {{ in_slice('creator_id') }}
group by gmv_date, creator_id, content_type
having sum(units) <> 0
