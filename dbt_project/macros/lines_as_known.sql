{#-
Counting lines at one moment of knowledge, worked out point in time and not through intervals: one row a line with its gross and
net (rulebook 1). Reconciles the movements, and explains figures down to the line.
scope: 'all' lines as known on the day ``cut_off``, or the touched lines as known 'after' or 'before' this run; ids: more columns
of lines to have.
-#}
{% macro lines_as_known(scope, cut_off=none, ids=[]) -%}
with {{ _held('held_lines', 'order_lines', 'line_key', scope, cut_off,
        ['line_key', 'order_key', 'seller_id', 'quantity', 'is_gift',
         'original_amount_cents - seller_discount_cents as gross_cents'] + ids, 'not is_gift') }},

{{ _held('held_orders', 'orders', 'order_key', scope, cut_off,
        ['order_key', 'paid_at', 'status', 'is_sample or is_replacement or is_exchange as is_free'],
        'paid_at is not null and not is_free') }},

{{ _held('held_attributions', 'attributions', 'line_key', scope, cut_off,
        ['line_key', 'content_type', 'content_id', 'creator_id', 'matched_by_partner_id',
         'target_collaboration_id is not null as is_target_plan']) }},

-- A refund that moved to another line counts there alone, so its version is chosen before its line is looked at.
{{ _held('completed_refunds', 'refunds', 'refund_id', scope, cut_off,
        ['refund_id', 'line_key', 'supersedes_refund_id', 'status',
         'amount_cents + platform_discount_reversed_cents as reversed_cents'],
        "status = 'COMPLETED'") }},

reversals as (
    select refunds.line_key, {{ total('refunds.reversed_cents') }} as reversed_cents
    from completed_refunds as refunds
    left join completed_refunds as superseding
        on refunds.refund_id = superseding.supersedes_refund_id
        and refunds.line_key = superseding.line_key
        and refunds.refund_id <> superseding.refund_id
    where superseding.refund_id is null
    group by refunds.line_key
)

select
    held_lines.line_key,
    held_lines.order_key,
    {%- for id in ids %}
    held_lines.{{ id }},
    {%- endfor %}
    {{ business_date('held_orders.paid_at') }} as gmv_date,
    held_lines.seller_id,
    coalesce(held_attributions.content_type, 'UNATTRIBUTED') as content_type,
    held_attributions.content_id,
    held_attributions.creator_id,
    coalesce(held_attributions.is_target_plan, false) as is_target_plan,
    held_attributions.matched_by_partner_id,
    held_lines.gross_cents,
    case
        when held_orders.status = 'CANCELLED' then 0
        else greatest(held_lines.gross_cents - coalesce(reversals.reversed_cents, 0), 0)
    end as net_cents,
    held_lines.quantity as units
from held_lines
inner join held_orders on held_lines.order_key = held_orders.order_key
left join held_attributions on held_lines.line_key = held_attributions.line_key
left join reversals on held_lines.line_key = reversals.line_key
{%- endmacro %}

{#-
Of each key the version that holds, with these columns, where it meets a condition: two steps of a query, of which the second has the
name. Most keys have one version, so only the others are ordered; the query is read three times, by its key alone at first.
-#}
{% macro _held(name, feed, key, scope, cut_off, columns, condition='true') -%}
    {%- set wanted = (columns + ['updated_at', 'landed_on'] + [key]) | unique | list -%}
    {%- set versions -%}
        (
            {% if scope == 'after' -%}
            {{ rows_of_touched(feed, wanted) }}
            {%- elif scope == 'before' -%}
            select {{ wanted | join(', ') }}
            from {{ ref('earlier_' ~ feed) }}
            {%- else -%}
            select {{ wanted | join(', ') }}
            from {{ ref('stg_' ~ feed) }}
            where landed_on <= {{ cut_off }}
            {%- endif %}
        ) as versions
    {%- endset -%}
    several_of_{{ name }} as (select {{ key }} from {{ versions }} group by {{ key }} having count(*) > 1),

    {{ name }} as (
        select * from (
            select versions.*, 1 as newest_first
            from {{ versions }}
            where not exists (
                select 1 from several_of_{{ name }} as several where several.{{ key }} = versions.{{ key }}
            )
            union all
            select *, row_number() over (partition by {{ key }} order by updated_at desc, landed_on desc) as newest_first
            from {{ versions }}
            where {{ key }} in (select several.{{ key }} from several_of_{{ name }} as several)
        ) as ranked
        where newest_first = 1 and ({{ condition }})
    )
{%- endmacro %}
