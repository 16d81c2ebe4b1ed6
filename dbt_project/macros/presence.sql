{#-
Movements of distinct orders in groups: +1 when the first counting line of an order appears in a group, -1 when the last goes.
The first steps of a query; the step ``turns`` has one row a group, order and knowledge date. lines_where: which lines are looked at.

In most groups the lines of an order come and go together, or one line alone changes without a gap, and the order is there from the
first cell to the last. Only the others are swept, line by line.
-#}
{% macro presence_movements(grouping, lines_where='true') -%}
{%- set keys = (['order_key'] + grouping) | join(', ') -%}
{%- set of_touched_orders -%}
({{ lines_where }}) and (
        not {{ has_history() }}
        or order_key in (select touched_orders.order_key from {{ ref('touched_orders') }} as touched_orders)
    )
{%- endset -%}
with spans as (
    select
        {{ keys }},
        min(known_from) as known_from,
        max(known_to) as known_to,
        (min(known_from) = max(known_from) and min(known_to) = max(known_to))
        -- Cells of one line never overlap.
        or (
            min(line_key) = max(line_key)
            and sum({{ days_from('known_from', 'known_to') }}) = {{ days_from('min(known_from)', 'max(known_to)') }}
        ) as is_whole
    from {{ ref('line_cells') }}
    where {{ of_touched_orders }}
    group by {{ keys }}
),

swept_cells as (
    select {{ keys }}, known_from, known_to
    from {{ ref('line_cells') }}
    where {{ of_touched_orders }} and ({{ keys }}) in (select {{ keys }} from spans where not is_whole)
),

edges as (
    select {{ keys }}, known_from as known_on, 1 as step from swept_cells
    union all
    select {{ keys }}, known_to as known_on, -1 as step from swept_cells where known_to < {{ end_of_time() }}
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
    select {{ keys }}, known_from as known_on, 1 as turn from spans where is_whole
    union all
    select {{ keys }}, known_to as known_on, -1 as turn from spans where is_whole and known_to < {{ end_of_time() }}
    union all
    select
        {{ keys }},
        known_on,
        case when lines_after = step then 1 when lines_after = 0 then -1 else 0 end as turn
    from swept
)
{%- endmacro %}
