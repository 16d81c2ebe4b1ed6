{{ config(materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail') }}
-- What each delivery day added to and took from the GMV of a livestream or a video: one row a knowledge date, paid day,
-- content type and content. LIVE lines name a live_id, VIDEO lines a video_id (rulebook 1). An order has one paid day,
-- so the orders of a content may be summed over days.
{%- set of_content = "content_type in ('LIVE', 'VIDEO') and content_id is not null" %}
{{ presence_movements(['gmv_date', 'content_type', 'content_id'], of_content) }},

amounts as (
    select
        known_from as known_on,
        gmv_date,
        content_type,
        content_id,
        is_target_plan,
        gross_cents,
        net_cents,
        units,
        0 as orders
    from {{ ref('line_cells') }}
    where {{ of_content }} and {{ in_run_window('known_from') }}
    union all
    select known_to, gmv_date, content_type, content_id, is_target_plan, - gross_cents, - net_cents, - units, 0
    from {{ ref('line_cells') }}
    where {{ of_content }} and {{ in_run_window('known_to') }}
    union all
    select known_on, gmv_date, content_type, content_id, false, 0, 0, 0, turn
    from turns
    where turn <> 0 and {{ in_run_window('known_on') }}
)

select
    known_on,
    gmv_date,
    content_type,
    content_id,
    {{ total('gross_cents') }} as gross_cents,
    {{ total('net_cents') }} as net_cents,
    {{ total_where('gross_cents', "content_type = 'VIDEO' and is_target_plan") }} as short_video_gross_cents,
    {{ total_where('net_cents', "content_type = 'VIDEO' and is_target_plan") }} as short_video_net_cents,
    {{ total('units') }} as units,
    {{ total('orders') }} as orders
from amounts
group by known_on, gmv_date, content_type, content_id
having
    sum(gross_cents) <> 0
    or sum(net_cents) <> 0
    or sum(case when content_type = 'VIDEO' and is_target_plan then gross_cents else 0 end) <> 0
    or sum(case when content_type = 'VIDEO' and is_target_plan then net_cents else 0 end) <> 0
    or sum(units) <> 0
    or sum(orders) <> 0
