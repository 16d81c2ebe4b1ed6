-- What deals asked of their budgets and drew, month by month: one row a program, deal and month with a redemption
-- (rulebook
-- 2.9). A redemption counts that is within the deal's time, not restored, of the deal's shop, invited where a list says
-- so, and whose line counts with gross > 0. Cost = floor(floor(discount * platform share / 10,000) * net / gross). A
-- month draws on its budget less what the program's earlier months drew.
with
    judged as (
        select
            *,
            case
                when restored
                then 'restored'
                when not is_within_deal
                then 'outside the deal'
                when gross_cents is null or gross_cents <= 0
                then 'its line does not count'
                when seller_id <> deal_seller_id
                then 'of another shop'
                when not is_invited
                then 'not invited'
            end as refusal
        from {{ ref('redeemed_lines') }}
    ),

    shares as (
        select
            program_id,
            period,
            redemption_id,
            {{ floor_divide(wide('discount_amount_cents') ~ ' * platform_share_bps', 10000) }} as share_cents
        from judged
        where refusal is null
    ),

    costs as (
        select
            judged.program_id,
            judged.period,
            judged.deal_id,
            judged.deal_seller_id,
            judged.budget_amount_cents,
            judged.refusal is null as is_counting,
            case
                when judged.refusal is null
                then {{ floor_divide(wide('shares.share_cents') ~ ' * judged.net_cents', 'judged.gross_cents') }}
                else 0
            end as cost_cents
        from judged
        left join
            shares
            on judged.program_id = shares.program_id
            and judged.period = shares.period
            and judged.redemption_id = shares.redemption_id
    ),

    -- A deal is one version at a month's cut-off: its shop and its budget are the same on all of its rows.
    months as (
        select
            program_id,
            period,
            deal_id,
            deal_seller_id,
            budget_amount_cents,
            count(*) as redemptions,
            {{ total_where('1', 'is_counting') }} as counting_redemptions,
            {{ total('cost_cents') }} as requested_cents
        from costs
        group by program_id, period, deal_id, deal_seller_id, budget_amount_cents
    ),

    drawn as (
        select
            months.*,
            {{ running_draw('requested_cents', 'budget_amount_cents', 'program_id, deal_id', 'period') }}
            as drawn_through_cents
        from months
    ),

    draws as (
        select
            drawn.*,
            coalesce(
                lag(drawn_through_cents) over (partition by program_id, deal_id order by period nulls last), 0
            ) as drawn_before_cents
        from drawn
    )

select
    draws.program_id,
    draws.deal_id,
    {{ month_of('periods.first_day') }} as month,
    draws.period,
    draws.deal_seller_id as seller_id,
    cast(draws.redemptions as bigint) as redemptions,
    draws.counting_redemptions,
    draws.requested_cents,
    draws.drawn_through_cents - draws.drawn_before_cents as drawn_cents,
    draws.drawn_before_cents,
    draws.budget_amount_cents as budget_cents,
    greatest(draws.budget_amount_cents - draws.drawn_through_cents, 0) as budget_left_cents
from draws
inner join
    {{ source('terms', 'periods') }} as periods
    on draws.program_id = periods.program_id
    and draws.period = periods.period
