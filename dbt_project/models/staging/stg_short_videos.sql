-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select video_id, creator_id, posted_at, views, title, hashtags, updated_at, landed_on
from {{ source('accepted', 'short_videos') }}
