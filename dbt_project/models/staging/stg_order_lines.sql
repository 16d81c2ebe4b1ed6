-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select
    order_line_id,
    order_id,
    seller_id,
    product_id,
    quantity,
    original_amount_cents,
    seller_discount_cents,
    platform_discount_cents,
    is_gift,
    updated_at,
    landed_on,
    order_key,
    line_key
from {{ source('accepted', 'order_lines') }}
