-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select
    order_line_id,
    order_id,
    content_type,
    content_id,
    creator_id,
    target_collaboration_id,
    matched_by_partner_id,
    updated_at,
    landed_on,
    order_key,
    line_key
from {{ source('accepted', 'attributions') }}
