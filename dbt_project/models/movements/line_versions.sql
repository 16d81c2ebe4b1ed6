-- What was known of an order line, and from when to when: one row a touched line and version that held. gross =
-- original_amount - seller_discount; what the platform funds stays in (rulebook 1).
{%- set versions %}({{ rows_of_touched('order_lines', [
        'line_key',
        'order_key',
        'seller_id',
        'quantity as units',
        'original_amount_cents - seller_discount_cents as gross_cents',
        'not is_gift as is_counting',
        'updated_at',
        'landed_on'
    ]) }}){% endset %}
with {{ knowledge_intervals(versions, 'line_key', ['order_key', 'seller_id', 'units', 'gross_cents', 'is_counting']) }}

select *
from knowledge_intervals
