-- Lines of the touched orders, by any of their versions: one row a line.
select distinct lines.order_line_id
from {{ ref('stg_order_lines') }} as lines
where lines.order_id in (select touched_orders.order_id from {{ ref('touched_orders') }} as touched_orders)
