-- What this run's movements add to each livestream and video equals the difference between the lines as known after and
-- before it, worked out point in time: for the touched lines, by paid day and content, orders included.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'content_gmv_daily_movements'}}}) }}
{%- set keys = 'gmv_date, content_type, content_id' %}
{%- set of_content = "content_type in ('LIVE', 'VIDEO') and content_id is not null" %}
with
    after_run as (
        {{ lines_as_known("(select known_through from " ~ source('context', 'run_window') ~ ")", ref('touched_lines')) }}
    ),

    before_run as (
        {{ lines_as_known("(select known_from from " ~ source('context', 'run_window') ~ ")", ref('touched_lines')) }}
    ),

    differences as (
        select
            {{ keys }},
            sum(gross_cents) as gross_cents,
            sum(net_cents) as net_cents,
            {{ total_where('net_cents', "content_type = 'VIDEO' and is_target_plan") }} as short_video_net_cents,
            sum(units) as units,
            count(distinct order_key) as orders
        from after_run
        where {{ of_content }}
        group by {{ keys }}
        union all
        select
            {{ keys }},
            - sum(gross_cents),
            - sum(net_cents),
            - {{ total_where('net_cents', "content_type = 'VIDEO' and is_target_plan") }},
            - sum(units),
            - count(distinct order_key)
        from before_run
        where {{ of_content }}
        group by {{ keys }}
        union all
        select {{ keys }}, - gross_cents, - net_cents, - short_video_net_cents, - units, - orders
        from {{ ref('content_gmv_daily_movements') }}
        where {{ in_run_window('known_on') }}
    )

select {{ keys }}
from differences
group by {{ keys }}
having
    sum(gross_cents) <> 0
    or sum(net_cents) <> 0
    or sum(short_video_net_cents) <> 0
    or sum(units) <> 0
    or sum(orders) <> 0
