-- funded_deals (rulebook 2.9): beneficiary the deal's shop, a SELLER; subject the deal; component `deal_cost`; one
-- period a
-- month of redeemed_at. Pays what the month drew on the deal's budget. One row a candidate: a deal and a month with a
-- redemption, also where nothing was drawn, with why.
select
    periods.program_id,
    periods.period,
    'SELLER' as beneficiary_type,
    funding.seller_id as beneficiary_id,
    funding.deal_id as subject_id,
    'deal_cost' as component,
    programs.instrument,
    funding.drawn_cents as amount_cents,
    periods.stage,
    periods.version_no as terms_version,
    case
        when funding.counting_redemptions = 0
        then 'no redemption counts'
        when funding.requested_cents = 0
        then 'nothing was asked for'
        when funding.drawn_cents = 0
        then 'the budget is spent'
        when funding.drawn_cents < funding.requested_cents
        then 'funded in part, to the end of the budget'
        else 'funded'
    end as reason,
    {{ evidence({
        'redemptions': 'funding.redemptions',
        'counting_redemptions': 'funding.counting_redemptions',
        'requested_cents': 'funding.requested_cents',
        'budget_cents': 'funding.budget_cents',
        'drawn_before_cents': 'funding.drawn_before_cents',
        'drawn_cents': 'funding.drawn_cents',
        'budget_left_cents': 'funding.budget_left_cents',
        'first_day': 'periods.first_day',
        'last_day': 'periods.last_day',
        'known_through': 'periods.known_through',
        'is_cut_off_read_as_first_delivery': 'periods.is_cut_off_read_as_first_delivery',
    }) }} as evidence
from {{ ref('deal_funding') }} as funding
inner join
    {{ source('terms', 'periods') }} as periods
    on funding.program_id = periods.program_id
    and funding.period = periods.period
inner join {{ source('terms', 'programs') }} as programs on funding.program_id = programs.program_id
