-- Rows of the orders of touched lines that landed before this run's window: one row a version. Looked up by key once,
-- for versions and for checks; a window that begins with the first delivery has none.
select order_key, paid_at, status, is_sample, is_replacement, is_exchange, updated_at, landed_on
from {{ source('known_before', 'orders') }}
where order_key in (select touched.order_key from {{ ref('line_versions') }} as touched where {{ has_history() }})
