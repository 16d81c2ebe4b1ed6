-- The product of what was known of a line, its order, its attribution and its refunds: one row a touched line and
-- stretch of knowledge [known_from, known_to) in which nothing changed. Only counting lines (rulebook 1); all of it on
-- the paid day.
with
    cells as (
        select
            lines.line_key,
            lines.order_key,
            orders.paid_on as gmv_date,
            lines.seller_id,
            coalesce(attributions.content_type, 'UNATTRIBUTED') as content_type,
            attributions.content_id,
            attributions.creator_id,
            coalesce(attributions.is_target_plan, false) as is_target_plan,
            attributions.matched_by_partner_id,
            lines.gross_cents,
            case
                when orders.is_cancelled
                then 0
                else lines.gross_cents - least(coalesce(reversals.reversed_cents, 0), lines.gross_cents)
            end as net_cents,
            lines.units,
            greatest(
                lines.known_from,
                orders.known_from,
                coalesce(attributions.known_from, lines.known_from),
                coalesce(reversals.known_from, lines.known_from)
            ) as known_from,
            least(
                lines.known_to,
                orders.known_to,
                coalesce(attributions.known_to, lines.known_to),
                coalesce(reversals.known_to, lines.known_to)
            ) as known_to
        from {{ ref('line_versions') }} as lines
        inner join {{ ref('order_versions') }} as orders on lines.order_key = orders.order_key
        left join {{ ref('attribution_versions') }} as attributions on lines.line_key = attributions.line_key
        left join {{ ref('reversal_states') }} as reversals on lines.line_key = reversals.line_key
        where lines.is_counting and orders.is_counting
    )

select
    line_key,
    order_key,
    gmv_date,
    seller_id,
    content_type,
    content_id,
    creator_id,
    is_target_plan,
    matched_by_partner_id,
    gross_cents,
    net_cents,
    units,
    known_from,
    known_to
from cells
where known_from < known_to
