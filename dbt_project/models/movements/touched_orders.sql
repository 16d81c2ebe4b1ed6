-- Orders that this run's deliveries touch: one row an order. Closed over lines and refunds that changed their parent,
-- so that whatever moves in this window moves within these orders. None where nothing was known before: every order is
-- touched then, and none is looked up.
with
    touched_refunds as (select refund_id from {{ source('delivered', 'refunds') }}),

    touched_line_keys as (
        select line_key
        from {{ source('delivered', 'order_lines') }}
        union all
        select line_key
        from {{ source('delivered', 'attributions') }}
        union all
        select line_key
        from {{ source('delivered', 'refunds') }}
        union all
        select refunds.line_key
        from {{ source('known_before', 'refunds') }} as refunds
        where refunds.refund_id in (select touched_refunds.refund_id from touched_refunds)
    )

select order_key
from {{ source('delivered', 'orders') }}
where {{ has_history() }}
union
select order_key
from {{ source('delivered', 'order_lines') }}
where {{ has_history() }}
union
select lines.order_key
from {{ source('known_before', 'order_lines') }} as lines
where lines.line_key in (select touched_line_keys.line_key from touched_line_keys)
