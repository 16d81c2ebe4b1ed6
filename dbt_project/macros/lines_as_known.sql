{#-
Counting lines at one moment of knowledge, worked out point in time and not through intervals: one row a line with its gross and
net (rulebook 1). Reconciles the movements, and explains figures down to the line.
cut_off: a date; lines: a relation with line_key to look at, or nothing for all.
-#}
{% macro lines_as_known(cut_off, lines=none) -%}
with held_lines as (
    select * from (
        select *, row_number() over (partition by line_key order by updated_at desc, landed_on desc) as newest_first
        from {{ ref('stg_order_lines') }}
        where landed_on <= {{ cut_off }}
        {%- if lines is not none %}
            and line_key in (select named.line_key from {{ lines }} as named)
        {%- endif %}
    ) as ranked_lines
    where newest_first = 1 and not is_gift
),

held_orders as (
    select * from (
        select *, row_number() over (partition by order_key order by updated_at desc, landed_on desc) as newest_first
        from {{ ref('stg_orders') }}
        where landed_on <= {{ cut_off }} and order_key in (select held_lines.order_key from held_lines)
    ) as ranked_orders
    where newest_first = 1 and paid_at is not null and not (is_sample or is_replacement or is_exchange)
),

held_attributions as (
    select * from (
        select *, row_number() over (partition by line_key order by updated_at desc, landed_on desc) as newest_first
        from {{ ref('stg_attributions') }}
        where landed_on <= {{ cut_off }} and line_key in (select held_lines.line_key from held_lines)
    ) as ranked_attributions
    where newest_first = 1
),

-- A refund that moved to another line counts there alone, so its version is chosen before its line is looked at.
completed_refunds as (
    select * from (
        select *, row_number() over (partition by refund_id order by updated_at desc, landed_on desc) as newest_first
        from {{ ref('stg_refunds') }}
        where landed_on <= {{ cut_off }}
        {%- if lines is not none %}
            and refund_id in (
                select mentioned.refund_id
                from {{ ref('stg_refunds') }} as mentioned
                where mentioned.line_key in (select named.line_key from {{ lines }} as named)
            )
        {%- endif %}
    ) as ranked_refunds
    where newest_first = 1 and status = 'COMPLETED'
),

reversals as (
    select
        refunds.line_key,
        {{ total('refunds.amount_cents + refunds.platform_discount_reversed_cents') }} as reversed_cents
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
    held_lines.order_line_id,
    held_lines.order_id,
    {{ business_date('held_orders.paid_at') }} as gmv_date,
    held_lines.seller_id,
    coalesce(held_attributions.content_type, 'UNATTRIBUTED') as content_type,
    held_attributions.content_id,
    held_attributions.creator_id,
    held_attributions.target_collaboration_id is not null as is_target_plan,
    held_attributions.matched_by_partner_id,
    held_lines.original_amount_cents - held_lines.seller_discount_cents as gross_cents,
    case
        when held_orders.status = 'CANCELLED' then 0
        else greatest(
            held_lines.original_amount_cents - held_lines.seller_discount_cents - coalesce(reversals.reversed_cents, 0), 0
        )
    end as net_cents,
    held_lines.quantity as units
from held_lines
inner join held_orders on held_lines.order_key = held_orders.order_key
left join held_attributions on held_lines.line_key = held_attributions.line_key
left join reversals on held_lines.line_key = reversals.line_key
{%- endmacro %}
