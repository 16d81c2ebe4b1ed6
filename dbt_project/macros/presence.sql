{#-
Movements of distinct orders in groups: +1 when the first counting line of an order appears in a group, -1 when the last goes.
The first steps of a query; the step ``turns`` has one row a group, order and knowledge date. lines_where: which lines are looked at.

Most orders have lines that were all known from the same day on: they are there as long as any of their lines. Only the others are
swept, line by line.
-#}
{% macro presence_movements(grouping, lines_where='true') -%}
{%- set keys = (['order_key'] + grouping) | join(', ') -%}
{%- set touched = "order_key in (select touched_orders.order_key from " ~ ref('touched_orders') ~ " as touched_orders)" -%}
with swept_orders as (
    select order_key
    from {{ ref('line_cells') }}
    where {{ lines_where }} and {{ touched }}
    group by order_key
    having min(known_from) <> max(known_from) or min(known_to) <> max(known_to)
),

whole_orders as (
    select distinct {{ keys }}, known_from, known_to
    from {{ ref('line_cells') }} as cells
    where {{ lines_where }} and {{ touched }}
        and not exists (select 1 from swept_orders where swept_orders.order_key = cells.order_key)
),

cells as (
    select {{ keys }}, known_from, known_to
    from {{ ref('line_cells') }}
    where {{ lines_where }} and order_key in (select swept_orders.order_key from swept_orders)
),

edges as (
    select {{ keys }}, known_from as known_on, 1 as step from cells
    union all
    select {{ keys }}, known_to as known_on, -1 as step from cells where known_to < {{ end_of_time() }}
),

steps as (
    select {{ keys }}, known_on, sum(step) as step
    from edges
    group by {{ keys }}, known_on
    having sum(step) <> 0
),

swept as (
    select
        {{ keys }},
        known_on,
        step,
        sum(step) over (partition by {{ keys }} order by known_on) as lines_after
    from steps
),

turns as (
    select {{ keys }}, known_from as known_on, 1 as turn from whole_orders
    union all
    select {{ keys }}, known_to as known_on, -1 as turn from whole_orders where known_to < {{ end_of_time() }}
    union all
    select
        {{ keys }},
        known_on,
        case when lines_after = step then 1 when lines_after = 0 then -1 else 0 end as turn
    from swept
)
{%- endmacro %}
