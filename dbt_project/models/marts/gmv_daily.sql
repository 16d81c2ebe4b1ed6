-- GMV by paid day, shop and content type: the sum of all movements. One row each where a line counts.
select
    gmv_date,
    seller_id,
    content_type,
    {{ total('gross_cents') }} as gross_cents,
    {{ total('net_cents') }} as net_cents,
    {{ total('units') }} as units,
    {{ total('orders') }} as orders,
    {{ total('short_video_gross_cents') }} as short_video_gross_cents,
    {{ total('short_video_net_cents') }} as short_video_net_cents,
    {{ total('affiliate_gross_cents') }} as affiliate_gross_cents,
    {{ total('affiliate_net_cents') }} as affiliate_net_cents
from {{ ref('gmv_daily_movements') }}
group by gmv_date, seller_id, content_type
having sum(units) <> 0
