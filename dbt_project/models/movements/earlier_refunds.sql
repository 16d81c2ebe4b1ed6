-- Rows of the refunds of touched lines, and of those delivered, that landed before this run's window: one row a
-- version, whichever line it names. Looked up by key once, for versions and for checks; a window that begins with the
-- first delivery has none.
with
    refunds_of_lines as (
        select refund_id
        from {{ source('delivered', 'refunds') }}
        where {{ has_history() }}
        union all
        select refund_id
        from {{ source('known_before', 'refunds') }}
        where line_key in (select touched.line_key from {{ ref('touched_lines') }} as touched)
    )

select
    refund_id,
    line_key,
    status,
    amount_cents,
    platform_discount_reversed_cents,
    supersedes_refund_id,
    updated_at,
    landed_on
from {{ source('known_before', 'refunds') }}
where refund_id in (select refunds_of_lines.refund_id from refunds_of_lines)
