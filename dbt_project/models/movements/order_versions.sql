-- What was known of an order, and from when to when: one row an order and version that held, for the orders of touched
-- lines. Only what moves GMV counts as a change: whether it counts, its paid day, whether it is cancelled (rulebook
-- 1).
{%- set versions %}({{ rows_of_touched('orders', [
        'order_key',
        business_date('paid_at') ~ ' as paid_on',
        "status = 'CANCELLED' as is_cancelled",
        'paid_at is not null and not (is_sample or is_replacement or is_exchange) as is_counting',
        'updated_at',
        'landed_on'
    ]) }}){% endset %}
with {{ knowledge_intervals(versions, 'order_key', ['paid_on', 'is_cancelled', 'is_counting']) }}

select *
from knowledge_intervals
