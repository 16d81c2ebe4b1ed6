-- What was known of a refund, and from when to when: one row a refund and version that held, for refunds of touched
-- lines.
{%- set versions %}({{ rows_of_touched('refunds', [
        'refund_id',
        'line_key',
        "status = 'COMPLETED' as is_completed",
        'amount_cents + platform_discount_reversed_cents as reversed_cents',
        'supersedes_refund_id',
        'updated_at',
        'landed_on'
    ]) }}){% endset %}
with
    {{ knowledge_intervals(versions, 'refund_id', ['line_key', 'is_completed', 'reversed_cents', 'supersedes_refund_id']) }}

select *
from knowledge_intervals
