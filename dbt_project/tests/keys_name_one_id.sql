-- A key stands for one id. Keys of ids in plain digits are the ids themselves; the others are hashes, which are
-- negative, and
-- two ids that share one would be taken for the same order or line. Looked at where this run adds such a key.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'stg_order_lines'}}}) }}
with
    hashed as (
        select 'order' as named, order_key as key, order_id as id, landed_on
        from {{ ref('stg_orders') }}
        where order_key < 0
        union all
        select 'order', order_key, order_id, landed_on
        from {{ ref('stg_order_lines') }}
        where order_key < 0
        {%- for feed in ['stg_order_lines', 'stg_attributions', 'stg_refunds', 'stg_deal_redemptions'] %}
            union all
            select 'line', line_key, order_line_id, landed_on
            from {{ ref(feed) }}
            where line_key < 0
        {%- endfor %}
    )

select named, key, min(id) as one_id, max(id) as other_id
from hashed
where key in (select added.key from hashed as added where {{ in_run_window('added.landed_on') }})
group by named, key
having min(id) <> max(id)
