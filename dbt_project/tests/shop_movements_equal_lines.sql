-- What this run's movements add to gmv_daily equals the difference between the lines as
-- known after and before it, to the cent: by every key of the cube.
{{ config(tags=['money'], meta={
    'dagster': {'ref': {'name': 'gmv_daily_movements'}}, 'sliced': {'by': 'seller_id', 'rows_of': 'lines_before_and_after'}
}) }}
{%- set keys = 'gmv_date, seller_id, content_type' %}
{%- set amounts = [
    'gross_cents', 'net_cents', 'short_video_gross_cents', 'short_video_net_cents', 'affiliate_gross_cents',
    'affiliate_net_cents', 'units', 'orders'
] %}
with
    differences as (
        select
            {{ keys }},
            sum(gross_cents) as gross_cents,
            sum(net_cents) as net_cents,
            sum(short_video_gross_cents) as short_video_gross_cents,
            sum(short_video_net_cents) as short_video_net_cents,
            {{ total_where('gross_cents', 'creator_id is not null') }} as affiliate_gross_cents,
            {{ total_where('net_cents', 'creator_id is not null') }} as affiliate_net_cents,
            sum(units) as units,
            side * count(distinct order_key) as orders
        from {{ ref('lines_before_and_after') }}
        where {{ in_slice('seller_id') }}
        group by {{ keys }}, side
        union all
        select {{ keys }}, - {{ amounts | join(', - ') }}
        from {{ ref('gmv_daily_movements') }}
        where ({{ in_run_window('known_on') }}) and {{ in_slice('seller_id') }}
    )

select {{ keys }}
from differences
group by {{ keys }}
having {% for amount in amounts %} sum({{ amount }}) <> 0 {{ 'or ' if not loop.last }}{% endfor %}
