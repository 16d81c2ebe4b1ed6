-- Attributions, refunds and redemptions that name another order than their line does, as known now: one row a feed and
-- record. The line's order holds (landing contract, Versions and parents). Versions that differ are looked for first:
-- they are few, and the versions that hold are worked out for them alone.
with
    differing as (
        select 'attributions' as feed, children.order_line_id as record_id, children.line_key
        from {{ ref('stg_attributions') }} as children
        inner join {{ ref('stg_order_lines') }} as lines on children.line_key = lines.line_key
        where children.order_key <> lines.order_key
        union
        select 'refunds' as feed, children.refund_id as record_id, children.line_key
        from {{ ref('stg_refunds') }} as children
        inner join {{ ref('stg_order_lines') }} as lines on children.line_key = lines.line_key
        where children.order_key <> lines.order_key
        union
        select 'deal_redemptions' as feed, children.redemption_id as record_id, children.line_key
        from {{ ref('stg_deal_redemptions') }} as children
        inner join {{ ref('stg_order_lines') }} as lines on children.line_key = lines.line_key
        where children.order_key <> lines.order_key
    ),

    line_versions as (
        select lines.*
        from {{ ref('stg_order_lines') }} as lines
        where lines.line_key in (select differing.line_key from differing)
    ),

    child_versions as (
        select 'attributions' as feed, order_line_id as record_id, order_line_id, order_id, updated_at, landed_on
        from {{ ref('stg_attributions') }}
        where line_key in (select differing.line_key from differing where differing.feed = 'attributions')
        union all
        select 'refunds' as feed, refund_id as record_id, order_line_id, order_id, updated_at, landed_on
        from {{ ref('stg_refunds') }}
        where refund_id in (select differing.record_id from differing where differing.feed = 'refunds')
        union all
        select 'deal_redemptions' as feed, redemption_id as record_id, order_line_id, order_id, updated_at, landed_on
        from {{ ref('stg_deal_redemptions') }}
        where redemption_id in (select differing.record_id from differing where differing.feed = 'deal_redemptions')
    ),

    lines as ({{ latest_known('line_versions', 'order_line_id', as_of()) }}),

    children as ({{ latest_known('child_versions', 'feed, record_id', as_of()) }})

select
    children.feed,
    children.record_id,
    children.order_line_id,
    children.order_id as named_order_id,
    lines.order_id,
    children.landed_on
from children
inner join lines on children.order_line_id = lines.order_line_id
where children.order_id <> lines.order_id
