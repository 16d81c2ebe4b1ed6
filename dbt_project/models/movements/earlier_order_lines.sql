-- Rows of touched lines that landed before this run's window: one row a version. Looked up by key once, for versions as
-- for checks; a window that begins with the first delivery has none.
select
    line_key,
    order_key,
    seller_id,
    quantity,
    is_gift,
    original_amount_cents,
    seller_discount_cents,
    updated_at,
    landed_on
from {{ source('known_before', 'order_lines') }}
where line_key in (select touched.line_key from {{ ref('touched_lines') }} as touched where {{ has_history() }})
