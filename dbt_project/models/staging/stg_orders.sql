-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select
    order_id,
    buyer_id,
    status,
    created_at,
    paid_at,
    delivered_at,
    completed_at,
    cancelled_at,
    currency,
    is_sample,
    is_replacement,
    is_exchange,
    updated_at,
    landed_on,
    order_key
from {{ source('accepted', 'orders') }}
