-- Orders of those whom a referral program's sign-ups name, as known at the program's cut-off: one row a program and
-- order, of any kind and status. net: over its counting lines; refunds completed more than clawback_days after
-- delivery are ignored, also as superseding ones (rulebook 2.1).
with
    programs as (
        select periods.program_id, periods.known_through, programs.clawback_days
        from {{ source('terms', 'periods') }} as periods
        inner join {{ source('terms', 'programs') }} as programs on periods.program_id = programs.program_id
        where periods.kind = 'referral_reward' and periods.has_begun
    ),

    referees as (
        select distinct programs.program_id, programs.known_through, programs.clawback_days, events.referee_id
        from programs
        inner join
            {{ ref('stg_referral_events') }} as events
            on events.event_type = 'SIGNUP'
            and events.landed_on <= programs.known_through
    ),

    -- All versions of what may be theirs, found by key, so that what follows looks at nothing else: any version may
    -- name
    -- the buyer, the order or the line.
    order_keys as (
        select order_key from {{ ref('stg_orders') }} where buyer_id in (select referees.referee_id from referees)
    ),

    orders as (
        select versions.*
        from {{ ref('stg_orders') }} as versions
        where versions.order_key in (select order_keys.order_key from order_keys)
    ),

    line_keys as (
        select line_key
        from {{ ref('stg_order_lines') }}
        where order_key in (select order_keys.order_key from order_keys)
    ),

    lines as (
        select versions.*
        from {{ ref('stg_order_lines') }} as versions
        where versions.line_key in (select line_keys.line_key from line_keys)
    ),

    refund_ids as (
        select refund_id from {{ ref('stg_refunds') }} where line_key in (select line_keys.line_key from line_keys)
    ),

    refunds as (
        select versions.*
        from {{ ref('stg_refunds') }} as versions
        where versions.refund_id in (select refund_ids.refund_id from refund_ids)
    ),

    -- The version that holds decides.
    candidate_orders as (
        select distinct referees.program_id, referees.known_through, referees.clawback_days, orders.order_id
        from referees
        inner join orders on referees.referee_id = orders.buyer_id
    ),

    order_history as (
        select
            candidates.program_id,
            candidates.known_through,
            candidates.clawback_days,
            orders.*,
            row_number() over (
                partition by candidates.program_id, orders.order_id
                order by orders.updated_at desc, orders.landed_on desc
            ) as newest_first
        from candidate_orders as candidates
        inner join orders on candidates.order_id = orders.order_id and orders.landed_on <= candidates.known_through
    ),

    held_orders as (
        select order_history.*, not (is_sample or is_replacement or is_exchange) and paid_at is not null as is_counting
        from order_history
        inner join
            referees on order_history.program_id = referees.program_id and order_history.buyer_id = referees.referee_id
        where order_history.newest_first = 1
    ),

    candidate_lines as (
        select distinct held_orders.program_id, held_orders.known_through, lines.order_line_id
        from held_orders
        inner join lines on held_orders.order_id = lines.order_id
    ),

    line_history as (
        select
            candidates.program_id,
            lines.*,
            row_number() over (
                partition by candidates.program_id, lines.order_line_id
                order by lines.updated_at desc, lines.landed_on desc
            ) as newest_first
        from candidate_lines as candidates
        inner join
            lines on candidates.order_line_id = lines.order_line_id and lines.landed_on <= candidates.known_through
    ),

    held_lines as (
        select
            held_orders.program_id,
            held_orders.order_id,
            held_orders.known_through,
            held_orders.delivered_at,
            held_orders.clawback_days,
            held_orders.status = 'CANCELLED' as is_cancelled,
            line_history.order_line_id,
            line_history.original_amount_cents - line_history.seller_discount_cents as gross_cents
        from held_orders
        inner join
            line_history
            on held_orders.program_id = line_history.program_id
            and held_orders.order_id = line_history.order_id
        where line_history.newest_first = 1 and held_orders.is_counting and not line_history.is_gift
    ),

    candidate_refunds as (
        select distinct held_lines.program_id, held_lines.known_through, refunds.refund_id
        from held_lines
        inner join refunds on held_lines.order_line_id = refunds.order_line_id
    ),

    refund_history as (
        select
            candidates.program_id,
            refunds.*,
            row_number() over (
                partition by candidates.program_id, refunds.refund_id
                order by refunds.updated_at desc, refunds.landed_on desc
            ) as newest_first
        from candidate_refunds as candidates
        inner join refunds on candidates.refund_id = refunds.refund_id and refunds.landed_on <= candidates.known_through
    ),

    timely_refunds as (
        select
            held_lines.program_id,
            held_lines.order_line_id,
            refund_history.refund_id,
            refund_history.supersedes_refund_id,
            refund_history.amount_cents + refund_history.platform_discount_reversed_cents as reversed_cents
        from held_lines
        inner join
            refund_history
            on held_lines.program_id = refund_history.program_id
            and held_lines.order_line_id = refund_history.order_line_id
        where
            refund_history.newest_first = 1
            and refund_history.status = 'COMPLETED'
            and (
                held_lines.delivered_at is null
                or refund_history.completed_at
                <= {{ plus_seconds('held_lines.delivered_at', 'held_lines.clawback_days * 86400') }}
            )
    ),

    reversals as (
        select refunds.program_id, refunds.order_line_id, {{ total('refunds.reversed_cents') }} as reversed_cents
        from timely_refunds as refunds
        where
            not exists (
                select 1
                from timely_refunds as superseding
                where
                    superseding.program_id = refunds.program_id
                    and superseding.order_line_id = refunds.order_line_id
                    and superseding.supersedes_refund_id = refunds.refund_id
                    and superseding.refund_id <> refunds.refund_id
            )
        group by refunds.program_id, refunds.order_line_id
    ),

    order_nets as (
        select
            held_lines.program_id,
            held_lines.order_id,
            {{ total("case when held_lines.is_cancelled then 0 else held_lines.gross_cents - least(coalesce(reversals.reversed_cents, 0), held_lines.gross_cents) end") }}
            as net_cents
        from held_lines
        left join
            reversals
            on held_lines.program_id = reversals.program_id
            and held_lines.order_line_id = reversals.order_line_id
        group by held_lines.program_id, held_lines.order_id
    )

select
    held_orders.program_id,
    held_orders.buyer_id as referee_id,
    held_orders.order_id,
    held_orders.paid_at,
    held_orders.delivered_at,
    held_orders.is_counting,
    coalesce(order_nets.net_cents, 0) as net_cents
from held_orders
left join order_nets on held_orders.program_id = order_nets.program_id and held_orders.order_id = order_nets.order_id
