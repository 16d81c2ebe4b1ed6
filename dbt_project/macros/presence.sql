{#-
Movements of distinct orders in groups: +1 when the first counting line of an order appears in a group, -1 when the last goes.
One row a group, order and knowledge date. lines_where: which lines are looked at.
-#}
{% macro presence_movements(grouping, lines_where='true') -%}
{%- set keys = (['order_id'] + grouping) | join(', ') -%}
with cells as (
    select order_line_id, {{ keys }}, known_from, known_to
    from {{ ref('line_cells') }}
    where order_id in (select touched_orders.order_id from {{ ref('touched_orders') }} as touched_orders)
    and {{ lines_where }}
),

edges as (
    select order_line_id, {{ keys }}, known_from as known_on, 1 as step from cells
    union all
    select order_line_id, {{ keys }}, known_to as known_on, -1 as step from cells where known_to < {{ end_of_time() }}
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
    select
        {{ keys }},
        known_on,
        case when lines_after = step then 1 when lines_after = 0 then -1 else 0 end as turn
    from swept
)
{%- endmacro %}
