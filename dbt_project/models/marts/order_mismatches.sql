-- Attributions, refunds and redemptions that name another order than their line does, as known now: one row a feed and
-- record. The line's order holds (landing contract, Versions and parents).
select feed, record_id, order_line_id, named_order_id, order_id, landed_on
from {{ ref('mismatch_movements') }}
group by feed, record_id, order_line_id, named_order_id, order_id, landed_on
having sum(turn) <> 0
