-- Attributions, refunds and redemptions that name another order than their line does, as known now: one row a feed and
-- record. The line's order holds (landing contract, Versions and parents).
with
    lines as ({{ latest_known(ref('stg_order_lines'), 'order_line_id', as_of()) }}),

    attributions as ({{ latest_known(ref('stg_attributions'), 'order_line_id', as_of()) }}),

    refunds as ({{ latest_known(ref('stg_refunds'), 'refund_id', as_of()) }}),

    redemptions as ({{ latest_known(ref('stg_deal_redemptions'), 'redemption_id', as_of()) }}),

    children as (
        select 'attributions' as feed, order_line_id as record_id, order_line_id, order_id, landed_on
        from attributions
        union all
        select 'refunds' as feed, refund_id as record_id, order_line_id, order_id, landed_on
        from refunds
        union all
        select 'deal_redemptions' as feed, redemption_id as record_id, order_line_id, order_id, landed_on
        from redemptions
    )

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
