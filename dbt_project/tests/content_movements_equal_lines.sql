-- What this run's movements add to livestreams and videos equals the difference between the lines as known after and
-- before it, to the cent: by paid day and content, orders included.
{{ config(tags=['money'], meta={
    'dagster': {'ref': {'name': 'content_gmv_daily_movements'}}, 'sliced': {'by': 'content_id', 'rows_of': 'lines_before_and_after'}
}) }}
{%- set keys = 'gmv_date, content_type, content_id' %}
{%- set amounts = ['gross_cents', 'net_cents', 'short_video_gross_cents', 'short_video_net_cents', 'units', 'orders'] %}
with
    differences as (
        select
            {{ keys }},
            sum(gross_cents) as gross_cents,
            sum(net_cents) as net_cents,
            sum(short_video_gross_cents) as short_video_gross_cents,
            sum(short_video_net_cents) as short_video_net_cents,
            sum(units) as units,
            side * count(distinct order_key) as orders
        from {{ ref('lines_before_and_after') }}
        where content_type in ('LIVE', 'VIDEO') and content_id is not null and {{ in_slice('content_id') }}
        group by {{ keys }}, side
        union all
        select {{ keys }}, - {{ amounts | join(', - ') }}
        from {{ ref('content_gmv_daily_movements') }}
        where ({{ in_run_window('known_on') }}) and {{ in_slice('content_id') }}
    )

select {{ keys }}
from differences
group by {{ keys }}
having {% for amount in amounts %} sum({{ amount }}) <> 0 {{ 'or ' if not loop.last }}{% endfor %}
