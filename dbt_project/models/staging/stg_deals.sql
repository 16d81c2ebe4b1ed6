-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select
    deal_id,
    seller_id,
    kind,
    platform_share_bps,
    budget_amount_cents,
    starts_at,
    ends_at,
    invite_list_id,
    updated_at,
    landed_on
from {{ source('accepted', 'deals') }}
