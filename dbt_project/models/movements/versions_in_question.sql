-- What was known, and from when to when, of records that may begin or cease in this run's window to wait for a parent,
-- or to name another order than their line does: one row a feed, record and version that held. Nearly all records land
-- with or after their parents and agree with them; one join by key tells so, and they are not among these.
with
    delivered_children as (
        select line_key, order_key, landed_on
        from {{ source('delivered', 'attributions') }}
        union all
        select line_key, order_key, landed_on
        from {{ source('delivered', 'refunds') }}
        union all
        select line_key, order_key, landed_on
        from {{ source('delivered', 'deal_redemptions') }}
    ),

    redeemed_deals as (select distinct deal_id from {{ source('delivered', 'deal_redemptions') }}),

    redeemed_deal_landings as ({{ first_landings('deals', 'deal_id', 'redeemed_deals') }}),

    lines_in_question as (
        -- The line is not there, or a version of it came later or names another order.
        select children.line_key
        from delivered_children as children
        left join {{ ref('line_versions') }} as lines on children.line_key = lines.line_key
        where lines.line_key is null or lines.known_from > children.landed_on or lines.order_key <> children.order_key
        union
        -- The line comes before its order.
        select lines.line_key
        from {{ ref('line_versions') }} as lines
        left join
            {{ ref('order_versions') }} as orders
            on lines.order_key = orders.order_key
            and lines.known_from >= orders.known_from
        where orders.order_key is null
        union
        -- The redemption comes before its deal.
        select children.line_key
        from {{ source('delivered', 'deal_redemptions') }} as children
        left join
            redeemed_deal_landings as deals
            on children.deal_id = deals.deal_id
            and children.landed_on >= deals.landed_on
        where deals.deal_id is null
    ),

    -- What came earlier may have waited for these lines, or disagree with them now.
    lines_looked_up as (
        select line_key
        from lines_in_question
        where {{ has_history() }}
        union
        select line_key
        from {{ source('delivered', 'order_lines') }}
        where {{ has_history() }}
        union
        select line_key
        from {{ source('delivered', 'attributions') }}
        where {{ has_history() }}
    ),

    new_deals as (
        select deals.deal_id
        from {{ source('delivered', 'deals') }} as deals
        where
            {{ has_history() }}
            and not exists (
                select 1 from {{ source('known_before', 'deals') }} as known where known.deal_id = deals.deal_id
            )
    ),

    redemptions_of_new_deals as (
        select redemption_id
        from {{ source('known_before', 'deal_redemptions') }}
        where deal_id in (select new_deals.deal_id from new_deals)
    ),

    -- An attribution is its line's: all its versions name that.
    earlier_attributions as (
        select line_key, order_key, updated_at, landed_on
        from {{ source('known_before', 'attributions') }}
        where line_key in (select lines_looked_up.line_key from lines_looked_up)
    ),

    attributed_lines as (
        select line_key
        from lines_in_question
        union
        select line_key
        from earlier_attributions
    ),

    attribution_rows as (
        select line_key, order_key, updated_at, landed_on
        from {{ source('delivered', 'attributions') }}
        where line_key in (select attributed_lines.line_key from attributed_lines)
        union all
        select line_key, order_key, updated_at, landed_on
        from earlier_attributions
    ),

    {{ children_in_question('refunds', 'refund_id') }},

    {{ children_in_question('deal_redemptions', 'redemption_id', more='redemptions_of_new_deals') }},

    child_rows as (
        select
            'attributions' as feed,
            cast(line_key as string) as record_id,
            null as deal_id,
            line_key,
            order_key,
            updated_at,
            landed_on
        from attribution_rows
        union all
        select 'refunds' as feed, record_id, deal_id, line_key, order_key, updated_at, landed_on
        from refunds_rows
        union all
        select 'deal_redemptions' as feed, record_id, deal_id, line_key, order_key, updated_at, landed_on
        from deal_redemptions_rows
    ),

    lines_asked as (
        select line_key
        from lines_in_question
        union
        select line_key
        from child_rows
    ),

    line_rows as (
        {{ rows_in_question('order_lines', ['line_key', 'order_key', 'updated_at', 'landed_on'], 'line_key', 'lines_asked') }}
    ),

    order_landings as ({{ first_landings('orders', 'order_key', 'line_rows') }}),

    deal_landings as ({{ first_landings('deals', 'deal_id', 'child_rows') }}),

    rows_of_records as (
        select
            'order_lines' as feed,
            cast(lines.line_key as string) as record_id,
            null as deal_id,
            lines.line_key,
            lines.order_key,
            orders.landed_on as parent_landed_on,
            lines.updated_at,
            lines.landed_on
        from line_rows as lines
        left join order_landings as orders on lines.order_key = orders.order_key
        union all
        select
            children.feed,
            children.record_id,
            children.deal_id,
            children.line_key,
            children.order_key,
            deals.landed_on as parent_landed_on,
            children.updated_at,
            children.landed_on
        from child_rows as children
        left join deal_landings as deals on children.deal_id = deals.deal_id
    ),

    versions as (
        select
            feed || ' ' || record_id as record_name,
            feed,
            record_id,
            deal_id,
            line_key,
            order_key,
            coalesce(parent_landed_on, {{ end_of_time() }}) as parent_landed_on,
            updated_at,
            landed_on
        from rows_of_records
    ),

    hashed_lines as ({{ hashed_ids('line_key', 'order_line_id', 'versions') }}),

    hashed_orders as ({{ hashed_ids('order_key', 'order_id', 'versions') }}),

    -- With landed_on among the columns, each version that holds is an interval of its own.
    {{ knowledge_intervals('versions', 'record_name', ['feed', 'record_id', 'deal_id', 'line_key', 'order_key', 'parent_landed_on', 'landed_on']) }},

    named as (
        select
            intervals.feed,
            intervals.record_id,
            intervals.deal_id,
            intervals.line_key,
            coalesce(hashed_lines.order_line_id, cast(intervals.line_key as string)) as order_line_id,
            coalesce(hashed_orders.order_id, cast(intervals.order_key as string)) as order_id,
            intervals.parent_landed_on,
            intervals.known_from,
            intervals.known_to
        from knowledge_intervals as intervals
        left join hashed_lines on intervals.line_key = hashed_lines.line_key
        left join hashed_orders on intervals.order_key = hashed_orders.order_key
    )

select
    feed,
    case when feed in ('order_lines', 'attributions') then order_line_id else record_id end as record_id,
    deal_id,
    line_key,
    order_line_id,
    order_id,
    parent_landed_on,
    known_from,
    known_to
from named
