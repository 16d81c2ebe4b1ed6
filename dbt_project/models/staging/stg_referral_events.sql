-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select event_id, event_type, referee_id, referrer_id, referral_code, clicked_at, occurred_at, landed_on
from {{ source('accepted', 'referral_events') }}
