-- What was known of an order line, and from when to when: one row a touched line and version that held. gross =
-- original_amount - seller_discount; what the platform funds stays in (rulebook 1).
with
    versions as (
        select
            lines.order_line_id,
            lines.order_id,
            lines.seller_id,
            lines.quantity as units,
            lines.original_amount_cents - lines.seller_discount_cents as gross_cents,
            not lines.is_gift as is_counting,
            lines.updated_at,
            lines.landed_on
        from {{ ref('stg_order_lines') }} as lines
        where
            lines.order_line_id in (select touched_lines.order_line_id from {{ ref('touched_lines') }} as touched_lines)
    )

    {{ knowledge_intervals('versions', 'order_line_id', ['order_id', 'seller_id', 'units', 'gross_cents', 'is_counting']) }}
