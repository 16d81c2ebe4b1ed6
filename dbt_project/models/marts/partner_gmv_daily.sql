-- GMV by paid day, partner and service: all lines of the shops or creators served on the paid day; matched GMV stands
-- on rows of service MATCHED, which have only that.
{%- set measures = [
    'gross_cents', 'net_cents', 'short_video_gross_cents', 'short_video_net_cents', 'live_gross_cents', 'live_net_cents',
    'affiliate_gross_cents', 'affiliate_net_cents', 'matched_gross_cents', 'matched_net_cents', 'units'
] %}
select gmv_date, partner_id, service {%- for measure in measures %}, {{ total(measure) }} as {{ measure }} {%- endfor %}
from {{ ref('partner_gmv_daily_movements') }}
group by gmv_date, partner_id, service
having sum(units) <> 0 or sum(matched_gross_cents) <> 0 or sum(matched_net_cents) <> 0
