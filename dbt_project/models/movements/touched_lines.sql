-- Lines of the touched orders, by any of their versions: one row a line. None where nothing was known before: then
-- every line is touched, and none is looked up.
select line_key
from {{ source('delivered', 'order_lines') }}
where {{ has_history() }}
union
select lines.line_key
from {{ source('known_before', 'order_lines') }} as lines
where lines.order_key in (select touched_orders.order_key from {{ ref('touched_orders') }} as touched_orders)
