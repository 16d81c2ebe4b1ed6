{{ config(materialized='view') }}
-- What this run's window adds to and takes from GMV, line by line: + where a cell starts, - where it ends.
select
    known_from as known_on,
    gmv_date,
    seller_id,
    content_type,
    content_id,
    creator_id,
    matched_by_partner_id,
    gross_cents,
    net_cents,
    case when content_type = 'VIDEO' and is_target_plan then gross_cents else 0 end as short_video_gross_cents,
    case when content_type = 'VIDEO' and is_target_plan then net_cents else 0 end as short_video_net_cents,
    units
from {{ ref('line_cells') }}
where {{ in_run_window('known_from') }}
union all
select
    known_to as known_on,
    gmv_date,
    seller_id,
    content_type,
    content_id,
    creator_id,
    matched_by_partner_id,
    - gross_cents,
    - net_cents,
    case when content_type = 'VIDEO' and is_target_plan then - gross_cents else 0 end as short_video_gross_cents,
    case when content_type = 'VIDEO' and is_target_plan then - net_cents else 0 end as short_video_net_cents,
    - units
from {{ ref('line_cells') }}
where {{ in_run_window('known_to') }}
