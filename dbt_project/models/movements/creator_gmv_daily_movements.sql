{{ config(
    materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail',
    meta={'sliced': {'by': 'creator_id', 'rows_of': 'line_movements'}}
) }}
-- What each delivery day added to and took from creator_gmv_daily: one row a knowledge date, paid day, creator and
-- content type.
{%- set amounts = ['gross_cents', 'net_cents', 'short_video_gross_cents', 'short_video_net_cents', 'units'] %}
select
    known_on,
    gmv_date,
    creator_id,
    content_type
    {%- for amount in amounts %}, {{ total(amount) }} as {{ amount }} {%- endfor %}
from {{ ref('line_movements') }}
where creator_id is not null and {{ in_slice('creator_id') }}
group by known_on, gmv_date, creator_id, content_type
having {% for amount in amounts %} sum({{ amount }}) <> 0 {{ 'or ' if not loop.last }}{% endfor %}
