-- Records whose parent, or parent's parent, has not landed: one row a feed and record. They count nowhere until it
-- does. parent_id: where several are missing one that is in quarantine, else the line or its order before the deal.
-- landed_on: when the record first landed; lost after 90 days (landing contract, Versions and parents).
with
    lines as ({{ latest_known(ref('stg_order_lines'), 'order_line_id', as_of()) }}),

    attributions as ({{ latest_known(ref('stg_attributions'), 'order_line_id', as_of()) }}),

    refunds as ({{ latest_known(ref('stg_refunds'), 'refund_id', as_of()) }}),

    redemptions as ({{ latest_known(ref('stg_deal_redemptions'), 'redemption_id', as_of()) }}),

    landed_orders as (select distinct order_id from {{ ref('stg_orders') }}),

    landed_deals as (select distinct deal_id from {{ ref('stg_deals') }}),

    waiting_lines as (
        select lines.order_line_id, lines.order_id
        from lines
        left join landed_orders on lines.order_id = landed_orders.order_id
        where landed_orders.order_id is null
    ),

    children as (
        select 'attributions' as feed, order_line_id as record_id, order_line_id
        from attributions
        union all
        select 'refunds' as feed, refund_id as record_id, order_line_id
        from refunds
        union all
        select 'deal_redemptions' as feed, redemption_id as record_id, order_line_id
        from redemptions
    ),

    waiting as (
        select 'order_lines' as feed, order_line_id as record_id, 'orders' as parent_feed, order_id as parent_id
        from waiting_lines
        union all
        select children.feed, children.record_id, 'order_lines' as parent_feed, children.order_line_id as parent_id
        from children
        left join lines on children.order_line_id = lines.order_line_id
        where lines.order_line_id is null
        union all
        select children.feed, children.record_id, 'orders' as parent_feed, waiting_lines.order_id as parent_id
        from children
        inner join waiting_lines on children.order_line_id = waiting_lines.order_line_id
        union all
        select
            'deal_redemptions' as feed,
            redemptions.redemption_id as record_id,
            'deals' as parent_feed,
            redemptions.deal_id as parent_id
        from redemptions
        left join landed_deals on redemptions.deal_id = landed_deals.deal_id
        where landed_deals.deal_id is null
    ),

    first_landed as (
        select 'order_lines' as feed, order_line_id as record_id, min(landed_on) as landed_on
        from {{ ref('stg_order_lines') }}
        where order_line_id in (select waiting_lines.order_line_id from waiting_lines)
        group by order_line_id
        union all
        select 'attributions' as feed, order_line_id as record_id, min(landed_on) as landed_on
        from {{ ref('stg_attributions') }}
        where order_line_id in (select waiting.record_id from waiting where waiting.feed = 'attributions')
        group by order_line_id
        union all
        select 'refunds' as feed, refund_id as record_id, min(landed_on) as landed_on
        from {{ ref('stg_refunds') }}
        where refund_id in (select waiting.record_id from waiting where waiting.feed = 'refunds')
        group by refund_id
        union all
        select 'deal_redemptions' as feed, redemption_id as record_id, min(landed_on) as landed_on
        from {{ ref('stg_deal_redemptions') }}
        where redemption_id in (select waiting.record_id from waiting where waiting.feed = 'deal_redemptions')
        group by redemption_id
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
            cast({{ as_of() }} - first_landed.landed_on as bigint) as age_days,
            broken_parents.record_id is not null as is_parent_quarantined,
            row_number() over (
                partition by waiting.feed, waiting.record_id
                order by broken_parents.record_id is null, waiting.parent_feed = 'deals'
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
