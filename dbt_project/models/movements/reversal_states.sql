-- What of a line was reversed, and from when to when this was known: one row a refunded line and state, and a filler
-- of 0 before the first. A completed refund does not count when another completed refund of the same line supersedes
-- it (rulebook 1).
with
    refunds as (select * from {{ ref('refund_versions') }}),

    change_points as (
        select line_key, known_from as changed_on
        from refunds
        union
        select line_key, known_to as changed_on
        from refunds
        where known_to < {{ end_of_time() }}
    ),

    completed as (
        select
            change_points.line_key,
            change_points.changed_on,
            refunds.refund_id,
            refunds.reversed_cents,
            refunds.supersedes_refund_id
        from change_points
        inner join
            refunds
            on change_points.line_key = refunds.line_key
            and change_points.changed_on >= refunds.known_from
            and change_points.changed_on < refunds.known_to
        where refunds.is_completed
    ),

    counting as (
        select completed.line_key, completed.changed_on, completed.reversed_cents
        from completed
        where
            not exists (
                select 1
                from completed as superseding
                where
                    superseding.line_key = completed.line_key
                    and superseding.changed_on = completed.changed_on
                    and superseding.supersedes_refund_id = completed.refund_id
                    and superseding.refund_id <> completed.refund_id
            )
    ),

    states as (
        select
            change_points.line_key,
            change_points.changed_on as known_from,
            {{ total('counting.reversed_cents') }} as reversed_cents
        from change_points
        left join
            counting on change_points.line_key = counting.line_key and change_points.changed_on = counting.changed_on
        group by change_points.line_key, change_points.changed_on
    )

select
    line_key,
    known_from,
    coalesce(lead(known_from) over (partition by line_key order by known_from), {{ end_of_time() }}) as known_to,
    reversed_cents
from states
union all
select line_key, date '0001-01-01' as known_from, min(known_from) as known_to, 0 as reversed_cents
from states
group by line_key
