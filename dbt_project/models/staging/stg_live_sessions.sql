-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select live_id, seller_id, creator_id, started_at, ended_at, viewers, title, hashtags, updated_at, landed_on
from {{ source('accepted', 'live_sessions') }}
