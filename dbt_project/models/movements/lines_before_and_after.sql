-- The touched lines as known before this run's window and after it, worked out point in time and not through intervals:
-- one row a line and side, + after and - before. What this run's movements must come to, for the tests that hold each
-- cube to it.
with
    after_run as ({{ lines_as_known('after') }}),

    before_run as ({{ lines_as_known('before') }}),

    sides as (
        select 1 as side, after_run.*
        from after_run
        union all
        select -1 as side, before_run.*
        from before_run
    )

select
    side,
    line_key,
    order_key,
    gmv_date,
    seller_id,
    content_type,
    content_id,
    creator_id,
    is_target_plan,
    matched_by_partner_id,
    side * gross_cents as gross_cents,
    side * net_cents as net_cents,
    case when content_type = 'VIDEO' and is_target_plan then side * gross_cents else 0 end as short_video_gross_cents,
    case when content_type = 'VIDEO' and is_target_plan then side * net_cents else 0 end as short_video_net_cents,
    side * units as units
from sides
