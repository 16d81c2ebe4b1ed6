{{ config(
    materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail',
    meta={'sliced': {'by': 'content_id', 'rows_of': 'line_cells'}}
) }}
-- What each delivery day added to and took from the GMV of a livestream or a video: one row a knowledge date, paid day,
-- content type and content. LIVE lines name a live_id, VIDEO lines a video_id (rulebook 1). An order has one paid day,
-- so the orders of a content may be summed over days.
{%- set of_content = "content_type in ('LIVE', 'VIDEO') and content_id is not null" %}
{%- set keys = 'known_on, gmv_date, content_type, content_id' %}
{%- set amounts = ['gross_cents', 'net_cents', 'short_video_gross_cents', 'short_video_net_cents', 'units', 'orders'] %}
{{ presence_movements(['gmv_date', 'content_type', 'content_id'], of_content ~ ' and ' ~ in_slice('content_id')) }},

-- Lines and orders are summed each by themselves first, so that less is left to put together.
parts as (
    select
        {{ keys }}
        {%- for amount in amounts if amount != 'orders' %}, {{ total(amount) }} as {{ amount }} {%- endfor %},
        0 as orders
    from {{ ref('line_movements') }}
    where {{ of_content }} and {{ in_slice('content_id') }}
    group by {{ keys }}
    union all
    select {{ keys }}, 0, 0, 0, 0, 0, {{ total('turn') }}
    from turns
    where turn <> 0 and {{ in_run_window('known_on') }}
    group by {{ keys }}
)

select
    known_on,
    gmv_date,
    content_type,
    content_id
    {%- for amount in amounts %}, {{ total(amount) }} as {{ amount }} {%- endfor %}
from parts
group by {{ keys }}
having {% for amount in amounts %} sum({{ amount }}) <> 0 {{ 'or ' if not loop.last }}{% endfor %}
