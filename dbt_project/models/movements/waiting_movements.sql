{{ config(materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail') }}
-- Records that begin (+1) or cease (-1) to wait for a parent that has not landed: one row a knowledge date, feed,
-- record and parent that is missing. A line waits for its order; an attribution, a refund and a redemption for their
-- line, or for the order that their line waits for; a redemption for its deal too (landing contract, Versions and
-- parents). landed_on: when the record first landed.
with
    versions as (select * from {{ ref('versions_in_question') }}),

    lines as (select * from versions where feed = 'order_lines'),

    children as (select * from versions where feed <> 'order_lines'),

    first_landings as (select feed, record_id, min(known_from) as landed_on from versions group by feed, record_id),

    line_landings as (select line_key, min(known_from) as landed_on from lines group by line_key),

    lines_without_order as (
        select record_id, line_key, order_id, known_from, least(known_to, parent_landed_on) as known_to
        from lines
        where known_from < parent_landed_on
    ),

    stretches as (
        select 'order_lines' as feed, record_id, 'orders' as parent_feed, order_id as parent_id, known_from, known_to
        from lines_without_order
        union all
        select
            children.feed,
            children.record_id,
            'order_lines' as parent_feed,
            children.order_line_id as parent_id,
            children.known_from,
            least(children.known_to, coalesce(lines.landed_on, {{ end_of_time() }})) as known_to
        from children
        left join line_landings as lines on children.line_key = lines.line_key
        where lines.line_key is null or children.known_from < lines.landed_on
        union all
        select
            children.feed,
            children.record_id,
            'orders' as parent_feed,
            lines.order_id as parent_id,
            greatest(children.known_from, lines.known_from) as known_from,
            least(children.known_to, lines.known_to) as known_to
        from children
        inner join
            lines_without_order as lines
            on children.line_key = lines.line_key
            and children.known_from < lines.known_to
            and children.known_to > lines.known_from
        union all
        select
            feed,
            record_id,
            'deals' as parent_feed,
            deal_id as parent_id,
            known_from,
            least(known_to, parent_landed_on) as known_to
        from children
        where feed = 'deal_redemptions' and known_from < parent_landed_on
    ),

    waits as (
        select
            stretches.feed,
            stretches.record_id,
            stretches.parent_feed,
            stretches.parent_id,
            first_landings.landed_on,
            stretches.known_from,
            stretches.known_to
        from stretches
        inner join
            first_landings on stretches.feed = first_landings.feed and stretches.record_id = first_landings.record_id
    ),

    {{ turns_of('waits', ['feed', 'record_id', 'parent_feed', 'parent_id', 'landed_on']) }}
