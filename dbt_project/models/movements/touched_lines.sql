-- Lines of the touched orders, by any of their versions: one row a line.
select distinct lines.line_key
from {{ ref('stg_order_lines') }} as lines
where lines.order_key in (select touched_orders.order_key from {{ ref('touched_orders') }} as touched_orders)
