-- What was known of an order, and from when to when: one row an order and version that held, for the orders of touched
-- lines. Only what moves GMV counts as a change: whether it counts, its paid day, whether it is cancelled (rulebook
-- 1).
with
    versions as (
        select
            orders.order_key,
            {{ business_date('orders.paid_at') }} as paid_on,
            orders.status = 'CANCELLED' as is_cancelled,
            orders.paid_at is not null
            and not (orders.is_sample or orders.is_replacement or orders.is_exchange) as is_counting,
            orders.updated_at,
            orders.landed_on
        from {{ ref('stg_orders') }} as orders
        where orders.order_key in (select lines.order_key from {{ ref('line_versions') }} as lines)
    ),

    {{ knowledge_intervals('versions', 'order_key', ['paid_on', 'is_cancelled', 'is_counting']) }}

select *
from knowledge_intervals
