-- Records whose parent, or parent's parent, has not landed: one row a feed and record. They count nowhere until it
-- does. parent_id: where several are missing one that is in quarantine, else the line or its order before the deal.
-- landed_on: when the record first landed; lost after 90 days (landing contract, Versions and parents).
with
    -- Versions whose parent is missing are looked for first: they are few, and the versions that hold are worked out
    -- for them alone.
    lines_without_order as (
        select lines.line_key
        from {{ ref('stg_order_lines') }} as lines
        where not exists (select 1 from {{ ref('stg_orders') }} as orders where orders.order_key = lines.order_key)
    ),

    line_versions as (
        select lines.*
        from {{ ref('stg_order_lines') }} as lines
        where lines.line_key in (select lines_without_order.line_key from lines_without_order)
    ),

    lines as ({{ latest_known('line_versions', 'order_line_id', as_of()) }}),

    waiting_lines as (
        select lines.order_line_id, lines.order_id
        from lines
        where not exists (select 1 from {{ ref('stg_orders') }} as orders where orders.order_key = lines.order_key)
    ),

    landed_deals as (select distinct deal_id from {{ ref('stg_deals') }}),

    orphans as (
        select 'attributions' as feed, children.order_line_id as record_id
        from {{ ref('stg_attributions') }} as children
        where
            not exists (select 1 from {{ ref('stg_order_lines') }} as lines where lines.line_key = children.line_key)
            or children.line_key in (select lines_without_order.line_key from lines_without_order)
        union
        select 'refunds' as feed, children.refund_id as record_id
        from {{ ref('stg_refunds') }} as children
        where
            not exists (select 1 from {{ ref('stg_order_lines') }} as lines where lines.line_key = children.line_key)
            or children.line_key in (select lines_without_order.line_key from lines_without_order)
        union
        select 'deal_redemptions' as feed, children.redemption_id as record_id
        from {{ ref('stg_deal_redemptions') }} as children
        where
            not exists (select 1 from {{ ref('stg_order_lines') }} as lines where lines.line_key = children.line_key)
            or children.line_key in (select lines_without_order.line_key from lines_without_order)
            or not exists (select 1 from landed_deals where landed_deals.deal_id = children.deal_id)
    ),

    child_versions as (
        select
            'attributions' as feed,
            order_line_id as record_id,
            order_line_id,
            line_key,
            null as deal_id,
            updated_at,
            landed_on
        from {{ ref('stg_attributions') }}
        where order_line_id in (select orphans.record_id from orphans where orphans.feed = 'attributions')
        union all
        select
            'refunds' as feed, refund_id as record_id, order_line_id, line_key, null as deal_id, updated_at, landed_on
        from {{ ref('stg_refunds') }}
        where refund_id in (select orphans.record_id from orphans where orphans.feed = 'refunds')
        union all
        select
            'deal_redemptions' as feed,
            redemption_id as record_id,
            order_line_id,
            line_key,
            deal_id,
            updated_at,
            landed_on
        from {{ ref('stg_deal_redemptions') }}
        where redemption_id in (select orphans.record_id from orphans where orphans.feed = 'deal_redemptions')
    ),

    children as ({{ latest_known('child_versions', 'feed, record_id', as_of()) }}),

    waiting as (
        select 'order_lines' as feed, order_line_id as record_id, 'orders' as parent_feed, order_id as parent_id
        from waiting_lines
        union all
        select children.feed, children.record_id, 'order_lines' as parent_feed, children.order_line_id as parent_id
        from children
        where not exists (select 1 from {{ ref('stg_order_lines') }} as lines where lines.line_key = children.line_key)
        union all
        select children.feed, children.record_id, 'orders' as parent_feed, waiting_lines.order_id as parent_id
        from children
        inner join waiting_lines on children.order_line_id = waiting_lines.order_line_id
        union all
        select children.feed, children.record_id, 'deals' as parent_feed, children.deal_id as parent_id
        from children
        where
            children.feed = 'deal_redemptions'
            and not exists (select 1 from landed_deals where landed_deals.deal_id = children.deal_id)
    ),

    first_landed as (
        select 'order_lines' as feed, order_line_id as record_id, min(landed_on) as landed_on
        from line_versions
        group by order_line_id
        union all
        select feed, record_id, min(landed_on) as landed_on
        from child_versions
        group by feed, record_id
    ),

    broken_parents as (
        select distinct feed, record_id from {{ source('context', 'quarantine') }} where record_id is not null
    ),

    aged as (
        select
            waiting.feed,
            waiting.record_id,
            waiting.parent_id,
            first_landed.landed_on,
            {{ days_from('first_landed.landed_on', as_of()) }} as age_days,
            broken_parents.record_id is not null as is_parent_quarantined,
            row_number() over (
                partition by waiting.feed, waiting.record_id
                order by broken_parents.record_id is null, waiting.parent_feed = 'deals' nulls last
            ) as named_first
        from waiting
        inner join first_landed on waiting.feed = first_landed.feed and waiting.record_id = first_landed.record_id
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
