{#-
Counting lines at one moment of knowledge, worked out point in time and not through intervals: one row a line with its gross and
net (rulebook 1). Reconciles the movements, and explains figures down to the line.
scope: 'all' lines as known on the day ``cut_off``, or the touched lines as known 'after' or 'before' this run; ids: more columns
of lines to have.
-#}
{% macro lines_as_known(scope, cut_off=none, ids=[]) -%}
with held_lines as (
    {{ _held('order_lines', 'line_key', scope, cut_off,
        ['line_key', 'order_key', 'seller_id', 'quantity', 'is_gift',
         'original_amount_cents - seller_discount_cents as gross_cents'] + ids) }}
        and not is_gift
),

held_orders as (
    {{ _held('orders', 'order_key', scope, cut_off,
        ['order_key', 'paid_at', 'status', 'is_sample or is_replacement or is_exchange as is_free']) }}
        and paid_at is not null and not is_free
),

held_attributions as (
    {{ _held('attributions', 'line_key', scope, cut_off,
        ['line_key', 'content_type', 'content_id', 'creator_id', 'matched_by_partner_id',
         'target_collaboration_id is not null as is_target_plan']) }}
),

-- A refund that moved to another line counts there alone, so its version is chosen before its line is looked at.
completed_refunds as (
    {{ _held('refunds', 'refund_id', scope, cut_off,
        ['refund_id', 'line_key', 'supersedes_refund_id', 'status',
         'amount_cents + platform_discount_reversed_cents as reversed_cents']) }}
        and status = 'COMPLETED'
),

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

{#- Of each key the version that holds, with these columns; the query goes on with more conditions. -#}
{% macro _held(feed, key, scope, cut_off, columns) -%}
    {%- set wanted = (columns + ['updated_at', 'landed_on'] + [key]) | unique | list -%}
    select * from (
        select *, row_number() over (partition by {{ key }} order by updated_at desc, landed_on desc) as newest_first
        from (
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
    ) as ranked
    where newest_first = 1
{%- endmacro %}
