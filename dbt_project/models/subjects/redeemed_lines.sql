-- Redemptions of deals that programs may fund, as known at each month's cut-off: one row a program, month and
-- redemption
-- of that month that holds, with its deal and, where it counts, its line (rulebook 1 and 2.9).
with
    cut_offs as (
        select program_id, period, first_day, last_day, known_through
        from {{ source('terms', 'periods') }}
        where kind = 'funded_deals' and has_begun
    ),

    days as (select min(first_day) as first_day, max(last_day) as last_day from cut_offs),

    -- Any version may tell the day; the one that holds decides.
    redemption_ids as (
        select redemptions.redemption_id
        from {{ ref('stg_deal_redemptions') }} as redemptions
        inner join
            days
            on {{ business_date('redemptions.redeemed_at') }} >= days.first_day
            and {{ business_date('redemptions.redeemed_at') }} <= days.last_day
    ),

    redemption_versions as (
        select
            redemption_id,
            deal_id,
            line_key,
            order_line_id,
            discount_amount_cents,
            redeemed_at,
            restored,
            updated_at,
            landed_on
        from {{ ref('stg_deal_redemptions') }}
        where redemption_id in (select redemption_ids.redemption_id from redemption_ids)
    ),

    held_redemptions as ({{ held_at('cut_offs', 'redemption_versions', ['redemption_id']) }}),

    redemptions as (
        select held_redemptions.*, cut_offs.known_through
        from held_redemptions
        inner join
            cut_offs
            on held_redemptions.program_id = cut_offs.program_id
            and held_redemptions.period = cut_offs.period
            and {{ business_date('held_redemptions.redeemed_at') }} >= cut_offs.first_day
            and {{ business_date('held_redemptions.redeemed_at') }} <= cut_offs.last_day
    ),

    deal_versions as (
        select * from {{ ref('stg_deals') }} where deal_id in (select redemptions.deal_id from redemptions)
    ),

    held_deals as ({{ held_at('cut_offs', 'deal_versions', ['deal_id']) }}),

    invitations as (
        select *
        from {{ ref('stg_program_lists') }}
        where list_id in (select deal_versions.invite_list_id from deal_versions)
    ),

    held_invitations as ({{ held_at('cut_offs', 'invitations', ['list_id', 'subject_id']) }}),

    redeemed as (select distinct program_id, period, known_through, line_key from redemptions),

    {{ subject_lines('redeemed', 'redemption_versions') }}

select
    redemptions.program_id,
    redemptions.period,
    redemptions.redemption_id,
    redemptions.deal_id,
    redemptions.redeemed_at,
    redemptions.restored,
    redemptions.discount_amount_cents,
    deals.seller_id as deal_seller_id,
    deals.platform_share_bps,
    deals.budget_amount_cents,
    redemptions.redeemed_at >= deals.starts_at and redemptions.redeemed_at < deals.ends_at as is_within_deal,
    deals.invite_list_id is null
    or (
        invitations.subject_id is not null
        and (invitations.removed_at is null or redemptions.redeemed_at < invitations.removed_at)
    ) as is_invited,
    lines.order_id,
    redemptions.order_line_id,
    lines.seller_id,
    lines.gross_cents,
    lines.net_cents
from redemptions
inner join
    held_deals as deals
    on redemptions.program_id = deals.program_id
    and redemptions.period = deals.period
    and redemptions.deal_id = deals.deal_id
left join
    held_invitations as invitations
    on redemptions.program_id = invitations.program_id
    and redemptions.period = invitations.period
    and deals.invite_list_id = invitations.list_id
    and deals.seller_id = invitations.subject_id
left join
    subject_lines as lines
    on redemptions.program_id = lines.program_id
    and redemptions.period = lines.period
    and redemptions.line_key = lines.line_key
