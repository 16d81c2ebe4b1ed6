{{ config(materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail') }}
-- What each delivery day added to and took from creator_gmv_daily: one row a knowledge date, paid day, creator and
-- content type.
select
    known_on,
    gmv_date,
    creator_id,
    content_type,
    {{ total('gross_cents') }} as gross_cents,
    {{ total('net_cents') }} as net_cents,
    {{ total_where('gross_cents', "content_type = 'VIDEO' and is_target_plan") }} as short_video_gross_cents,
    {{ total_where('net_cents', "content_type = 'VIDEO' and is_target_plan") }} as short_video_net_cents,
    {{ total('units') }} as units
from {{ ref('line_movements') }}
where creator_id is not null
group by known_on, gmv_date, creator_id, content_type
having
    sum(gross_cents) <> 0
    or sum(net_cents) <> 0
    or sum(units) <> 0
    or sum(case when content_type = 'VIDEO' and is_target_plan then gross_cents else 0 end) <> 0
    or sum(case when content_type = 'VIDEO' and is_target_plan then net_cents else 0 end) <> 0
