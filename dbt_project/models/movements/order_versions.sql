-- What was known of an order, and from when to when: one row an order and version that held, for the orders of touched
-- lines. Only what moves GMV counts as a change: whether it counts, its paid day, whether it is cancelled (rulebook
-- 1).
with
    orders_of_lines as (
        select distinct lines.order_key
        from {{ ref('stg_order_lines') }} as lines
        where lines.line_key in (select touched_lines.line_key from {{ ref('touched_lines') }} as touched_lines)
    ),

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
        where orders.order_key in (select orders_of_lines.order_key from orders_of_lines)
    ),

    {{ knowledge_intervals('versions', 'order_key', ['paid_on', 'is_cancelled', 'is_counting']) }}

select *
from knowledge_intervals
