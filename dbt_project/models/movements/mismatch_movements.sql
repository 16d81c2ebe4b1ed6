{{ config(materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail') }}
-- Attributions, refunds and redemptions that begin (+1) or cease (-1) to name another order than their line does: one
-- row a knowledge date, record and what both name. landed_on: the delivery day of the record's version that holds.
with
    versions as (select * from {{ ref('versions_in_question') }}),

    mismatches as (
        select
            children.feed,
            children.record_id,
            children.order_line_id,
            children.order_id as named_order_id,
            lines.order_id,
            children.known_from as landed_on,
            greatest(children.known_from, lines.known_from) as known_from,
            least(children.known_to, lines.known_to) as known_to
        from versions as children
        inner join
            versions as lines
            on children.line_key = lines.line_key
            and children.known_from < lines.known_to
            and children.known_to > lines.known_from
        where children.feed <> 'order_lines' and lines.feed = 'order_lines' and children.order_id <> lines.order_id
    ),

    {{ turns_of('mismatches', ['feed', 'record_id', 'order_line_id', 'named_order_id', 'order_id', 'landed_on']) }}
