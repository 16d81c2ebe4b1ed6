-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select
    refund_id,
    order_id,
    order_line_id,
    kind,
    quantity,
    amount_cents,
    platform_discount_reversed_cents,
    status,
    completed_at,
    supersedes_refund_id,
    updated_at,
    landed_on,
    order_key,
    line_key
from {{ source('accepted', 'refunds') }}
