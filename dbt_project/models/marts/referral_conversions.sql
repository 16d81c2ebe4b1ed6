-- How each referral of each referral program stands: one row a program and referee (rulebook 2.1). A referral is the
-- referee's first sign-up, if it lies in the window. It fails, waits for a qualifying purchase, lapses, finds no place
-- under the referrer's cap, is flagged, provisional or final. Everything as known at the program's cut-off.
with
    programs as (
        select
            periods.program_id,
            periods.first_day,
            periods.last_day,
            periods.known_through,
            periods.close_on,
            programs.hold_days,
            versions.max_referrals,
            versions.min_order_cents,
            versions.click_window_days,
            versions.purchase_window_days,
            {{ as_of() }} as as_of,
            {{ as_of() }} >= periods.close_on as is_closed
        from {{ source('terms', 'periods') }} as periods
        inner join {{ source('terms', 'programs') }} as programs on periods.program_id = programs.program_id
        inner join
            {{ source('terms', 'versions') }} as versions
            on periods.program_id = versions.program_id
            and periods.version_no = versions.version_no
        where periods.kind = 'referral_reward' and periods.has_begun
    ),

    -- Events have no updated_at: of a repeated event the one that landed last holds.
    events as (
        select
            programs.program_id,
            events.*,
            row_number() over (
                partition by programs.program_id, events.event_id order by events.landed_on desc
            ) as newest_first
        from programs
        inner join {{ ref('stg_referral_events') }} as events on events.landed_on <= programs.known_through
    ),

    signups as (
        select
            *, row_number() over (partition by program_id, referee_id order by occurred_at, event_id) as earliest_first
        from events
        where newest_first = 1 and event_type = 'SIGNUP'
    ),

    latest_flags as (
        select program_id, referee_id, event_type
        from
            (
                select
                    *,
                    row_number() over (
                        partition by program_id, referee_id order by occurred_at desc, event_id desc
                    ) as latest_first
                from events
                where newest_first = 1 and event_type in ('FLAG', 'CLEAR')
            ) as ranked_flags
        where latest_first = 1
    ),

    voided as (select distinct program_id, referee_id from events where newest_first = 1 and event_type = 'VOID'),

    members as (
        select
            programs.program_id,
            members.*,
            row_number() over (
                partition by programs.program_id, members.member_id
                order by members.updated_at desc, members.landed_on desc
            ) as newest_first
        from programs
        inner join {{ ref('stg_members') }} as members on members.landed_on <= programs.known_through
    ),

    known_members as (select * from members where newest_first = 1),

    -- The first sign-up joined with one row each of program, both members, flag and void.
    referrals as (
        select
            programs.*,
            signups.referee_id,
            signups.referrer_id,
            signups.occurred_at as signed_up_at,
            signups.clicked_at,
            referees.member_id is not null and referrers.member_id is not null as are_members,
            coalesce(referees.is_employee, false) or coalesce(referrers.is_employee, false) as is_employee,
            referees.country is not distinct from referrers.country as is_same_country,
            voided.referee_id is not null as is_void,
            case
                when latest_flags.event_type is not null
                then latest_flags.event_type = 'FLAG'
                else
                    coalesce(referees.device_hash = referrers.device_hash, false)
                    or coalesce(referees.payment_hash = referrers.payment_hash, false)
            end as is_flagged
        from programs
        inner join
            signups
            on programs.program_id = signups.program_id
            and {{ business_date('signups.occurred_at') }} >= programs.first_day
            and {{ business_date('signups.occurred_at') }} <= programs.last_day
        left join
            known_members as referees
            on signups.program_id = referees.program_id
            and signups.referee_id = referees.member_id
        left join
            known_members as referrers
            on signups.program_id = referrers.program_id
            and signups.referrer_id = referrers.member_id
        left join
            latest_flags
            on signups.program_id = latest_flags.program_id
            and signups.referee_id = latest_flags.referee_id
        left join voided on signups.program_id = voided.program_id and signups.referee_id = voided.referee_id
        where signups.earliest_first = 1
    ),

    earlier_buyers as (
        select distinct referrals.program_id, referrals.referee_id
        from referrals
        inner join
            {{ ref('referee_orders') }} as orders
            on referrals.program_id = orders.program_id
            and referrals.referee_id = orders.referee_id
            and orders.paid_at < referrals.signed_up_at
    ),

    purchases as (
        select
            referrals.program_id,
            referrals.referee_id,
            orders.order_id,
            orders.paid_at,
            orders.delivered_at,
            row_number() over (
                partition by referrals.program_id, referrals.referee_id
                order by orders.paid_at nulls last, orders.order_id
            ) as earliest_first
        from referrals
        inner join
            {{ ref('referee_orders') }} as orders
            on referrals.program_id = orders.program_id
            and referrals.referee_id = orders.referee_id
        where
            orders.is_counting
            and orders.net_cents >= referrals.min_order_cents
            and orders.paid_at >= referrals.signed_up_at
            and orders.paid_at <= {{ plus_seconds('referrals.signed_up_at', 'referrals.purchase_window_days * 86400') }}
            and {{ business_date('orders.paid_at') }} <= referrals.as_of
    ),

    judged as (
        select
            referrals.*,
            purchases.order_id,
            purchases.paid_at,
            purchases.delivered_at,
            {{ plus_days(business_date('purchases.delivered_at'), 'referrals.hold_days') }} as final_on,
            case
                when referrals.referrer_id = referrals.referee_id
                then 'referrer and referee are the same member'
                when not referrals.are_members
                then 'referrer or referee is no known member'
                when referrals.is_employee
                then 'referrer or referee is an employee'
                when not referrals.is_same_country
                then 'referrer and referee are in different countries'
                when earlier_buyers.referee_id is not null
                then 'the referee had paid an order before the sign-up'
                when referrals.clicked_at is null
                then 'the invitation was never clicked'
                when referrals.clicked_at > referrals.signed_up_at
                then 'the invitation was clicked after the sign-up'
                when
                    {{ plus_seconds('referrals.clicked_at', 'referrals.click_window_days * 86400') }}
                    < referrals.signed_up_at
                then 'the invitation was clicked too long before the sign-up'
                when referrals.is_void
                then 'the referral was voided'
            end as failure
        from referrals
        left join
            earlier_buyers
            on referrals.program_id = earlier_buyers.program_id
            and referrals.referee_id = earlier_buyers.referee_id
        left join
            purchases
            on referrals.program_id = purchases.program_id
            and referrals.referee_id = purchases.referee_id
            and purchases.earliest_first = 1
    ),

    -- Those that take a place under the referrer's cap: with a purchase, and after the close only what can still
    -- become final.
    claims as (
        select
            *,
            failure is null
            and order_id is not null
            and not (is_closed and (is_flagged or delivered_at is null)) as is_claim
        from judged
    ),

    placed as (
        select
            *,
            case
                when is_claim
                then
                    row_number() over (
                        partition by program_id, referrer_id, is_claim order by paid_at nulls last, referee_id
                    )
            end as place
        from claims
    )

select
    program_id,
    referee_id,
    referrer_id,
    case
        when failure is not null
        then 'FAILED'
        when
            order_id is null
            and (is_closed or {{ business_date(plus_seconds('signed_up_at', 'purchase_window_days * 86400')) }} < as_of)
        then 'LAPSED'
        when order_id is null
        then 'WAITING'
        when not is_claim
        then 'LAPSED'
        when place > max_referrals
        then 'CAPPED'
        when is_flagged
        then 'FLAGGED'
        when as_of >= final_on
        then 'FINAL'
        else 'PROVISIONAL'
    end as status,
    case
        when failure is not null
        then failure
        when
            order_id is null
            and (is_closed or {{ business_date(plus_seconds('signed_up_at', 'purchase_window_days * 86400')) }} < as_of)
        then 'no qualifying purchase in time'
        when order_id is null
        then 'no qualifying purchase yet'
        when not is_claim and is_flagged
        then 'still flagged when the campaign closed'
        when not is_claim
        then 'still undelivered when the campaign closed'
        when place > max_referrals
        then 'the cap of the referrer was full'
        when is_flagged
        then 'flagged: an event says so, or device or payment is shared'
        when as_of >= final_on
        then 'delivered and held long enough'
        when final_on is null
        then 'not delivered yet'
        else 'delivered, still in the hold'
    end as reason,
    signed_up_at,
    {{ business_date('signed_up_at') }} as signed_up_date,
    order_id,
    paid_at,
    {{ business_date('paid_at') }} as paid_date,
    delivered_at,
    {{ business_date('delivered_at') }} as delivered_date,
    final_on,
    is_flagged,
    place,
    max_referrals
from placed
