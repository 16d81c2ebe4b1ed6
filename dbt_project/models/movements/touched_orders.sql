-- Orders that this run's deliveries touch: one row an order. Closed over lines and refunds that changed their parent,
-- so that whatever moves in this window moves within these orders.
with
    touched_refunds as (select distinct refund_id from {{ ref('stg_refunds') }} where {{ in_run_window('landed_on') }}),

    touched_line_keys as (
        select line_key
        from {{ ref('stg_order_lines') }}
        where {{ in_run_window('landed_on') }}
        union
        select line_key
        from {{ ref('stg_attributions') }}
        where {{ in_run_window('landed_on') }}
        union
        select refunds.line_key
        from {{ ref('stg_refunds') }} as refunds
        where refunds.refund_id in (select touched_refunds.refund_id from touched_refunds)
    )

select order_key
from {{ ref('stg_orders') }}
where {{ in_run_window('landed_on') }}
union
select lines.order_key
from {{ ref('stg_order_lines') }} as lines
where lines.line_key in (select touched_line_keys.line_key from touched_line_keys)
