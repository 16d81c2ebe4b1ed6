-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select
    redemption_id,
    deal_id,
    order_line_id,
    order_id,
    discount_amount_cents,
    redeemed_at,
    restored,
    updated_at,
    landed_on,
    order_key,
    line_key
from {{ source('accepted', 'deal_redemptions') }}
