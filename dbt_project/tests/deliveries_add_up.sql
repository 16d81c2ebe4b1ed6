-- Delivered = good + quarantined + repeats, good = accepted + overtaken, and the accepted rows are there: nothing was
-- lost on the way.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'deliveries'}}}) }}
with
    found as (
        {%- for feed in feeds() %}
            select '{{ feed }}' as feed, landed_on, count(*) as accepted
            from {{ ref('stg_' ~ feed) }}
            where {{ in_run_window('landed_on') }}
            group by landed_on {{ 'union all' if not loop.last }}
        {%- endfor %}
    )

select deliveries.feed, deliveries.landed_on, deliveries.accepted, found.accepted as found
from {{ ref('deliveries') }} as deliveries
left join found on deliveries.feed = found.feed and deliveries.landed_on = found.landed_on
where
    deliveries.delivered <> deliveries.good + deliveries.quarantined + deliveries.repeats
    or deliveries.good <> deliveries.accepted + deliveries.overtaken
    or (
        deliveries.state = 'ACCEPTED'
        and ({{ in_run_window('deliveries.landed_on') }})
        and coalesce(found.accepted, 0) <> deliveries.accepted
    )
