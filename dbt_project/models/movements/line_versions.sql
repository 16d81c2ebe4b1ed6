-- What was known of an order line, and from when to when: one row a touched line and version that held. gross =
-- original_amount - seller_discount; what the platform funds stays in (rulebook 1).
with
    versions as (
        select
            lines.line_key,
            lines.order_key,
            lines.seller_id,
            lines.quantity as units,
            lines.original_amount_cents - lines.seller_discount_cents as gross_cents,
            not lines.is_gift as is_counting,
            lines.updated_at,
            lines.landed_on
        from {{ ref('stg_order_lines') }} as lines
        where lines.line_key in (select touched_lines.line_key from {{ ref('touched_lines') }} as touched_lines)
    ),

    {{ knowledge_intervals('versions', 'line_key', ['order_key', 'seller_id', 'units', 'gross_cents', 'is_counting']) }}

select *
from knowledge_intervals
