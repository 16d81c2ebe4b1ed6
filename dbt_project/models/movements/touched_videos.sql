-- Short videos of which a delivery day says something new: sold lines, or their own record. One row a knowledge date
-- and video. None where the run does not continue: every video is looked at then.
select known_on, content_id as video_id
from {{ ref('content_gmv_daily_movements') }}
where content_type = 'VIDEO' and ({{ in_run_window('known_on') }}) and {{ continues() }}
union
select landed_on as known_on, video_id
from {{ source('delivered', 'short_videos') }}
where {{ continues() }}
