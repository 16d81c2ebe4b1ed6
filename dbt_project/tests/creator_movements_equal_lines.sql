-- What this run's movements add to creator_gmv_daily, and to matched GMV, equals the difference between the lines as
-- known after and before it, to the cent: by every key of the cubes.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'creator_gmv_daily_movements'}}}) }}
{%- set keys = 'figures, gmv_date, id, content_type' %}
{%- set amounts = ['gross_cents', 'net_cents', 'short_video_gross_cents', 'short_video_net_cents', 'units'] %}
with
    differences as (
        select 'creator' as figures, gmv_date, creator_id as id, content_type, {{ amounts | join(', ') }}
        from {{ ref('lines_before_and_after') }}
        where creator_id is not null
        union all
        select 'creator', gmv_date, creator_id, content_type, - {{ amounts | join(', - ') }}
        from {{ ref('creator_gmv_daily_movements') }}
        where {{ in_run_window('known_on') }}
        union all
        select 'matched', gmv_date, matched_by_partner_id, null, gross_cents, net_cents, 0, 0, 0
        from {{ ref('lines_before_and_after') }}
        where matched_by_partner_id is not null
        union all
        select 'matched', gmv_date, partner_id, null, - gross_cents, - net_cents, 0, 0, 0
        from {{ ref('matched_gmv_daily_movements') }}
        where {{ in_run_window('known_on') }}
    )

select {{ keys }}
from differences
group by {{ keys }}
having {% for amount in amounts %} sum({{ amount }}) <> 0 {{ 'or ' if not loop.last }}{% endfor %}
