-- Records whose parent, or parent's parent, has not landed: one row a feed and record. They count nowhere until it
-- does. parent_id: where several are missing one that is in quarantine, else the line or its order before the deal.
-- landed_on: when the record first landed; lost after 90 days (landing contract, Versions and parents).
with
    waiting as (
        select feed, record_id, parent_feed, parent_id, landed_on
        from {{ ref('waiting_movements') }}
        group by feed, record_id, parent_feed, parent_id, landed_on
        having sum(turn) <> 0
    ),

    broken_parents as (
        select distinct feed, record_id from {{ source('context', 'quarantine') }} where record_id is not null
    ),

    aged as (
        select
            waiting.feed,
            waiting.record_id,
            waiting.parent_id,
            waiting.landed_on,
            {{ days_from('waiting.landed_on', as_of()) }} as age_days,
            broken_parents.record_id is not null as is_parent_quarantined,
            row_number() over (
                partition by waiting.feed, waiting.record_id
                order by broken_parents.record_id is null, waiting.parent_feed = 'deals' nulls last
            ) as named_first
        from waiting
        left join
            broken_parents on waiting.parent_feed = broken_parents.feed and waiting.parent_id = broken_parents.record_id
    )

select
    feed,
    record_id,
    parent_id,
    landed_on,
    age_days,
    case
        when is_parent_quarantined then 'PARENT_QUARANTINED' when age_days > 90 then 'LOST' else 'WAITING'
    end as reason
from aged
where named_first = 1
