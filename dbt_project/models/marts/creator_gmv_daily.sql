-- GMV by paid day, attributed creator and content type: the sum of all movements.
select
    gmv_date,
    creator_id,
    content_type,
    {{ total('gross_cents') }} as gross_cents,
    {{ total('net_cents') }} as net_cents,
    {{ total('units') }} as units,
    {{ total('short_video_gross_cents') }} as short_video_gross_cents,
    {{ total('short_video_net_cents') }} as short_video_net_cents
from {{ ref('creator_gmv_daily_movements') }}
group by gmv_date, creator_id, content_type
having sum(units) <> 0
