-- What this run's movements add equals the difference between the lines as known after and before it, worked out point
-- in time: for the touched lines, by every key of the movements, to the cent.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'line_movements'}}}) }}
{%- set keys = 'gmv_date, seller_id, content_type, creator_id, is_target_plan, matched_by_partner_id' %}
with
    after_run as (
        {{ lines_as_known("(select known_through from " ~ source('context', 'run_window') ~ ")", ref('touched_lines')) }}
    ),

    before_run as (
        {{ lines_as_known("(select known_from from " ~ source('context', 'run_window') ~ ")", ref('touched_lines')) }}
    ),

    differences as (
        select {{ keys }}, gross_cents, net_cents, units
        from after_run
        union all
        select {{ keys }}, - gross_cents, - net_cents, - units
        from before_run
        union all
        select {{ keys }}, - gross_cents, - net_cents, - units
        from {{ ref('line_movements') }}
    )

select {{ keys }}, sum(gross_cents) as gross_cents, sum(net_cents) as net_cents, sum(units) as units
from differences
group by {{ keys }}
having sum(gross_cents) <> 0 or sum(net_cents) <> 0 or sum(units) <> 0
