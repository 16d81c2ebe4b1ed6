-- A key stands for one id. Keys of ids in plain digits are the ids themselves; the others are hashes, which are
-- negative, and two ids that share one would be taken for the same order or line. Looked at where this run adds such a
-- key.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'stg_order_lines'}}}) }}
{%- set named = [
    ['order', 'order_key', 'order_id', 'stg_orders'],
    ['order', 'order_key', 'order_id', 'stg_order_lines'],
    ['line', 'line_key', 'order_line_id', 'stg_order_lines'],
    ['line', 'line_key', 'order_line_id', 'stg_attributions'],
    ['line', 'line_key', 'order_line_id', 'stg_refunds'],
    ['line', 'line_key', 'order_line_id', 'stg_deal_redemptions'],
] %}
with
    added as (
        {%- for name, key, id, feed in named %}
            select '{{ name }}' as named, {{ key }} as key
            from {{ ref(feed) }}
            where {{ key }} < 0 and {{ in_run_window('landed_on') }} {{ 'union' if not loop.last }}
        {%- endfor %}
    ),

    hashed as (
        {%- for name, key, id, feed in named %}
            select '{{ name }}' as named, {{ key }} as key, {{ id }} as id
            from {{ ref(feed) }}
            where
                {{ key }} < 0 and {{ key }} in (select added.key from added where added.named = '{{ name }}')
                {{ 'union all' if not loop.last }}
        {%- endfor %}
    )

select named, key, min(id) as one_id, max(id) as other_id
from hashed
group by named, key
having min(id) <> max(id)
