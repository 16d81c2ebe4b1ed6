{{ config(
    materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail',
    meta={'sliced': {'by': 'seller_id', 'rows_of': 'line_cells'}}
) }}
-- What each delivery day added to and took from gmv_daily: one row a knowledge date, paid day, seller and content
-- type. short_video: VIDEO of a targeted plan; affiliate: lines with a creator (rulebook 1). orders: distinct at this
-- grain.
{%- set keys = 'known_on, gmv_date, seller_id, content_type' %}
{%- set amounts = [
    'gross_cents', 'net_cents', 'short_video_gross_cents', 'short_video_net_cents', 'affiliate_gross_cents',
    'affiliate_net_cents', 'units', 'orders'
] %}
{{ presence_movements(['gmv_date', 'seller_id', 'content_type'], in_slice('seller_id')) }},

-- Lines and orders are summed each by themselves first, so that less is left to put together.
parts as (
    select
        {{ keys }},
        {{ total('gross_cents') }} as gross_cents,
        {{ total('net_cents') }} as net_cents,
        {{ total('short_video_gross_cents') }} as short_video_gross_cents,
        {{ total('short_video_net_cents') }} as short_video_net_cents,
        {{ total_where('gross_cents', 'creator_id is not null') }} as affiliate_gross_cents,
        {{ total_where('net_cents', 'creator_id is not null') }} as affiliate_net_cents,
        {{ total('units') }} as units,
        0 as orders
    from {{ ref('line_movements') }}
    where {{ in_slice('seller_id') }}
    group by {{ keys }}
    union all
    select {{ keys }}, 0, 0, 0, 0, 0, 0, 0, {{ total('turn') }}
    from turns
    where turn <> 0 and {{ in_run_window('known_on') }}
    group by {{ keys }}
)

select
    known_on,
    gmv_date,
    seller_id,
    content_type
    {%- for amount in amounts %}, {{ total(amount) }} as {{ amount }} {%- endfor %}
from parts
group by {{ keys }}
having {% for amount in amounts %} sum({{ amount }}) <> 0 {{ 'or ' if not loop.last }}{% endfor %}
