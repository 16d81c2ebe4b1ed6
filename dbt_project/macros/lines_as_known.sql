{#-
Counting lines at one moment of knowledge, worked out point in time and not through intervals: one row a line with its gross and
net (rulebook 1). Reconciles the movements, and explains figures down to the line.
cut_off: a date; lines, orders: relations with the line_key and the order_key to look at, or nothing for all; ids: more columns of
lines to have.
-#}
{% macro lines_as_known(cut_off, lines=none, orders=none, ids=[]) -%}
with held_lines as (
    {{ _held('stg_order_lines', 'line_key', cut_off, lines, 'line_key',
        ['line_key', 'order_key', 'seller_id', 'quantity', 'is_gift',
         'original_amount_cents - seller_discount_cents as gross_cents'] + ids) }}
        and not is_gift
),

held_orders as (
    {{ _held('stg_orders', 'order_key', cut_off, orders, 'order_key',
        ['order_key', 'paid_at', 'status', 'is_sample or is_replacement or is_exchange as is_free']) }}
        and paid_at is not null and not is_free
),

held_attributions as (
    {{ _held('stg_attributions', 'line_key', cut_off, lines, 'line_key',
        ['line_key', 'content_type', 'content_id', 'creator_id', 'matched_by_partner_id',
         'target_collaboration_id is not null as is_target_plan']) }}
),

-- A refund that moved to another line counts there alone, so its version is chosen before its line is looked at.
{%- if lines is not none %}
refunds_of_lines as (
    select mentioned.refund_id
    from {{ ref('stg_refunds') }} as mentioned
    where mentioned.line_key in (select named.line_key from {{ lines }} as named)
),
{%- endif %}

completed_refunds as (
    {{ _held('stg_refunds', 'refund_id', cut_off, 'refunds_of_lines' if lines is not none else none, 'refund_id',
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

{#- Of each key the version that holds as known on a day, with these columns; the query goes on with more conditions. -#}
{% macro _held(feed, key, cut_off, wanted, wanted_key, columns) -%}
    select * from (
        select
            {{ columns | join(',\n            ') }},
            row_number() over (partition by {{ key }} order by updated_at desc, landed_on desc) as newest_first
        from {{ ref(feed) }}
        where landed_on <= {{ cut_off }}
        {%- if wanted is not none %}
            and {{ wanted_key }} in (select named.{{ wanted_key }} from {{ wanted }} as named)
        {%- endif %}
    ) as ranked
    where newest_first = 1
{%- endmacro %}
