-- What this run's movements add to creator_gmv_daily equals the difference between the lines as known after and before
-- it, to the cent: by every key of the cube.
{{ config(tags=['money'], meta={
    'dagster': {'ref': {'name': 'creator_gmv_daily_movements'}}, 'sliced': {'by': 'creator_id', 'rows_of': 'lines_before_and_after'}
}) }}
{%- set keys = 'gmv_date, creator_id, content_type' %}
{%- set amounts = ['gross_cents', 'net_cents', 'short_video_gross_cents', 'short_video_net_cents', 'units'] %}
with
    differences as (
        select {{ keys }}, {{ amounts | join(', ') }}
        from {{ ref('lines_before_and_after') }}
        where creator_id is not null and {{ in_slice('creator_id') }}
        union all
        select {{ keys }}, - {{ amounts | join(', - ') }}
        from {{ ref('creator_gmv_daily_movements') }}
        where ({{ in_run_window('known_on') }}) and {{ in_slice('creator_id') }}
    )

select {{ keys }}
from differences
group by {{ keys }}
having {% for amount in amounts %} sum({{ amount }}) <> 0 {{ 'or ' if not loop.last }}{% endfor %}
