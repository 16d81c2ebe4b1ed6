{#- What was known at the cut-off days of programs: each period of a program looks at records through its own day. -#}

{#-
Of each key the version that holds as known at a period's cut-off: one row a period and key, with the columns of the relation.
cut_offs: a step with the columns of ``by`` and known_through, one row each (and one a value of ``match``, where only some keys
are asked for: columns that both have). key: the columns of the key.
-#}
{% macro held_at(cut_offs, relation, key, match=[], by=['program_id', 'period']) -%}
    select * from (
        select
            {%- for column in by %}
            {{ cut_offs }}.{{ column }},
            {%- endfor %}
            versions.*,
            row_number() over (
                partition by
                    {%- for column in by %}
                    {{ cut_offs }}.{{ column }},
                    {%- endfor %}
                    {%- for column in key %}
                    versions.{{ column }}{{ ',' if not loop.last }}
                    {%- endfor %}
                order by versions.updated_at desc, versions.landed_on desc
            ) as newest_first
        from {{ cut_offs }}
        inner join {{ relation }} as versions
            on versions.landed_on <= {{ cut_offs }}.known_through
            {%- for column in match %}
            and versions.{{ column }} = {{ cut_offs }}.{{ column }}
            {%- endfor %}
    ) as ranked_versions
    where newest_first = 1
{%- endmacro %}

{#-
Partners of the types that a period's version names, as known at its cut-off, as steps of a query that end in ``typed_partners``: one
row a program, period and partner. Where a version takes any partner (``versions.is_any_partner``) it has no row here: nobody is asked
for a record then.
cut_offs: a step with the columns of ``by``, program_id, version_no and known_through, one row each.
-#}
{% macro typed_partners(cut_offs, by=['program_id', 'period']) -%}
    held_partners as ({{ held_at(cut_offs, ref('stg_partners'), ['partner_id'], by=by) }}),

    typed_partners as (
        select
            {%- for column in by %}
            held_partners.{{ column }},
            {%- endfor %}
            held_partners.partner_id
        from held_partners
        inner join {{ cut_offs }}
            on {% for column in by %} {{ 'and ' if not loop.first }}held_partners.{{ column }} = {{ cut_offs }}.{{ column }} {%- endfor %}
        inner join {{ source('terms', 'partner_types') }} as partner_types
            on {{ cut_offs }}.program_id = partner_types.program_id
            and {{ cut_offs }}.version_no = partner_types.version_no
            and held_partners.partner_type = partner_types.partner_type
    )
{%- endmacro %}

{#-
Counting lines (rulebook 1) that subjects name, as known at a period's cut-off, as steps of a query that end in ``subject_lines``:
one row a program, period and line, with its order's paid_at, its gross and its net.
wanted: a step with program_id, period, known_through and line_key, one row each. Nothing else counts.
named: a step with a line_key, among which are all those of wanted, found by nothing but membership. Feeds are held against it: an
engine expects more rows of joins by cut-off than a feed has, would put the feed in memory, and not these few.
-#}
{% macro subject_lines(wanted, named) -%}
    subject_line_versions as (
        select line_key, order_line_id, order_key, order_id, seller_id, quantity, is_gift,
            original_amount_cents - seller_discount_cents as gross_cents, updated_at, landed_on
        from {{ ref('stg_order_lines') }}
        where line_key in (select {{ named }}.line_key from {{ named }})
    ),

    held_lines as ({{ held_at(wanted, 'subject_line_versions', ['line_key'], match=['line_key']) }}),

    wanted_orders as (
        select distinct held_lines.program_id, held_lines.period, {{ wanted }}.known_through, held_lines.order_key
        from held_lines
        inner join {{ wanted }}
            on held_lines.program_id = {{ wanted }}.program_id
            and held_lines.period = {{ wanted }}.period
            and held_lines.line_key = {{ wanted }}.line_key
    ),

    subject_order_versions as (
        select order_key, paid_at, status, is_sample or is_replacement or is_exchange as is_free, updated_at, landed_on
        from {{ ref('stg_orders') }}
        where order_key in (select subject_line_versions.order_key from subject_line_versions)
    ),

    held_orders as ({{ held_at('wanted_orders', 'subject_order_versions', ['order_key'], match=['order_key']) }}),

    -- All versions of refunds that ever named such a line: one that moved to another line counts there alone.
    named_refunds as (
        select refund_id, line_key
        from {{ ref('stg_refunds') }}
        where line_key in (select {{ named }}.line_key from {{ named }})
    ),

    subject_refunds as (
        select distinct {{ wanted }}.program_id, {{ wanted }}.period, {{ wanted }}.known_through, named_refunds.refund_id
        from named_refunds
        inner join {{ wanted }} on named_refunds.line_key = {{ wanted }}.line_key
    ),

    subject_refund_versions as (
        select refund_id, line_key, supersedes_refund_id, status,
            amount_cents + platform_discount_reversed_cents as reversed_cents, updated_at, landed_on
        from {{ ref('stg_refunds') }}
        where refund_id in (select named_refunds.refund_id from named_refunds)
    ),

    held_refunds as ({{ held_at('subject_refunds', 'subject_refund_versions', ['refund_id'], match=['refund_id']) }}),

    completed_refunds as (select * from held_refunds where status = 'COMPLETED'),

    line_reversals as (
        select refunds.program_id, refunds.period, refunds.line_key, {{ total('refunds.reversed_cents') }} as reversed_cents
        from completed_refunds as refunds
        where not exists (
            select 1
            from completed_refunds as superseding
            where superseding.program_id = refunds.program_id
                and superseding.period = refunds.period
                and superseding.line_key = refunds.line_key
                and superseding.supersedes_refund_id = refunds.refund_id
                and superseding.refund_id <> refunds.refund_id
        )
        group by refunds.program_id, refunds.period, refunds.line_key
    ),

    subject_lines as (
        select
            held_lines.program_id,
            held_lines.period,
            held_lines.line_key,
            held_lines.order_line_id,
            held_lines.order_id,
            held_lines.seller_id,
            held_orders.paid_at,
            {{ business_date('held_orders.paid_at') }} as gmv_date,
            held_lines.gross_cents,
            case
                when held_orders.status = 'CANCELLED' then 0
                else greatest(held_lines.gross_cents - coalesce(line_reversals.reversed_cents, 0), 0)
            end as net_cents,
            held_lines.quantity as units
        from held_lines
        inner join held_orders
            on held_lines.program_id = held_orders.program_id
            and held_lines.period = held_orders.period
            and held_lines.order_key = held_orders.order_key
        left join line_reversals
            on held_lines.program_id = line_reversals.program_id
            and held_lines.period = line_reversals.period
            and held_lines.line_key = line_reversals.line_key
        where not held_lines.is_gift and held_orders.paid_at is not null and not held_orders.is_free
    )
{%- endmacro %}
