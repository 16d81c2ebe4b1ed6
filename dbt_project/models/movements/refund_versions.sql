-- What was known of a refund, and from when to when: one row a refund and version that held, for refunds of touched
-- lines.
with
    refunds_of_lines as (
        select distinct refunds.refund_id
        from {{ ref('stg_refunds') }} as refunds
        where refunds.line_key in (select touched_lines.line_key from {{ ref('touched_lines') }} as touched_lines)
    ),

    versions as (
        select
            refunds.refund_id,
            refunds.line_key,
            refunds.status = 'COMPLETED' as is_completed,
            refunds.amount_cents + refunds.platform_discount_reversed_cents as reversed_cents,
            refunds.supersedes_refund_id,
            refunds.updated_at,
            refunds.landed_on
        from {{ ref('stg_refunds') }} as refunds
        where refunds.refund_id in (select refunds_of_lines.refund_id from refunds_of_lines)
    ),

    {{ knowledge_intervals('versions', 'refund_id', ['line_key', 'is_completed', 'reversed_cents', 'supersedes_refund_id']) }}

select *
from knowledge_intervals
