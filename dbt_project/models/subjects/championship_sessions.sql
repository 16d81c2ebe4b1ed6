-- Livestreams that a livestream championship looks at (rulebook 2.7): one row a program, period, cut-off, version of
-- the terms and livestream that starts in the period's days and has an entrant, all of it as known at the cut-off:
-- whether it is eligible, who enters with it, and what it scored. Ranks are drawn at one cut-off and tested at another,
-- by one version; attendance is judged by the version in force. Shops that an invite list never named are left out.
with
    periods as (select * from {{ source('terms', 'periods') }} where kind = 'live_championship' and has_begun),

    looks as (
        select
            program_id,
            period,
            first_day,
            last_day,
            ranked_known_through as known_through,
            ranked_version_no as version_no
        from periods
        union
        select program_id, period, first_day, last_day, known_through, ranked_version_no
        from periods
        union
        select program_id, period, first_day, last_day, known_through, version_no
        from periods
    ),

    cut_offs as (
        select
            looks.program_id,
            looks.period,
            looks.first_day,
            looks.last_day,
            looks.known_through,
            looks.version_no,
            programs.entrants,
            versions.measure,
            versions.service,
            versions.is_any_partner,
            versions.min_minutes,
            versions.invite_list
        from looks
        inner join {{ source('terms', 'programs') }} as programs on looks.program_id = programs.program_id
        inner join
            {{ source('terms', 'versions') }} as versions
            on looks.program_id = versions.program_id
            and looks.version_no = versions.version_no
    ),

    invite_lists as (select distinct known_through, invite_list as list_id from cut_offs),

    invitations as (
        {{ held_at('invite_lists', ref('stg_program_lists'), ['list_id', 'subject_id'], match=['list_id'], by=['known_through']) }}
    ),

    -- Any version may be the one that holds; what no version puts into a period, or into a shop on the list, is not
    -- looked at, which decides nothing.
    asked_sessions as (
        select distinct cut_offs.known_through, versions.live_id
        from cut_offs
        inner join
            {{ ref('stg_live_sessions') }} as versions
            on {{ business_date('versions.started_at') }} >= cut_offs.first_day
            and {{ business_date('versions.started_at') }} <= cut_offs.last_day
        left join
            invitations
            on cut_offs.known_through = invitations.known_through
            and cut_offs.invite_list = invitations.list_id
            and versions.seller_id = invitations.subject_id
        where cut_offs.invite_list is null or invitations.subject_id is not null
    ),

    session_versions as (
        select live_id, seller_id, creator_id, started_at, ended_at, updated_at, landed_on
        from {{ ref('stg_live_sessions') }}
        where live_id in (select asked_sessions.live_id from asked_sessions)
    ),

    held_sessions as (
        {{ held_at('asked_sessions', 'session_versions', ['live_id'], match=['live_id'], by=['known_through']) }}
    ),

    {{ typed_partners('cut_offs', by=['program_id', 'period', 'known_through', 'version_no']) }},

    -- One row a cut-off and livestream: a shop has one invitation, and at most one partner a day. The services that
    -- terms of this kind name are those of shops alone.
    judged as (
        select
            cut_offs.program_id,
            cut_offs.period,
            cut_offs.known_through,
            cut_offs.version_no,
            cut_offs.measure,
            sessions.live_id,
            sessions.seller_id,
            sessions.creator_id,
            sessions.started_at,
            sessions.ended_at,
            invitations.removed_at,
            sessions.ended_at
            >= {{ plus_seconds('sessions.started_at', 'cut_offs.min_minutes * 60') }} as is_long_enough,
            invitations.removed_at is null or sessions.started_at < invitations.removed_at as is_invited,
            case
                when cut_offs.entrants = 'CREATOR'
                then sessions.creator_id
                when cut_offs.is_any_partner or typed_partners.partner_id is not null
                then assignments.partner_id
            end as entrant_id
        from cut_offs
        inner join
            held_sessions as sessions
            on cut_offs.known_through = sessions.known_through
            and {{ business_date('sessions.started_at') }} >= cut_offs.first_day
            and {{ business_date('sessions.started_at') }} <= cut_offs.last_day
        left join
            invitations
            on cut_offs.known_through = invitations.known_through
            and cut_offs.invite_list = invitations.list_id
            and sessions.seller_id = invitations.subject_id
        left join
            {{ ref('assignment_periods') }} as assignments
            on assignments.subject_id = sessions.seller_id
            and assignments.service = cut_offs.service
            and assignments.valid_from <= {{ business_date('sessions.started_at') }}
            and assignments.valid_to > {{ business_date('sessions.started_at') }}
            and assignments.known_from <= cut_offs.known_through
            and assignments.known_to > cut_offs.known_through
        left join
            typed_partners
            on cut_offs.program_id = typed_partners.program_id
            and cut_offs.period = typed_partners.period
            and cut_offs.known_through = typed_partners.known_through
            and cut_offs.version_no = typed_partners.version_no
            and assignments.partner_id = typed_partners.partner_id
        where cut_offs.invite_list is null or invitations.subject_id is not null
    ),

    entered as (select * from judged where entrant_id is not null),

    asked_sales as (select distinct known_through, live_id from entered),

    -- Whatever shop's lines, whenever paid.
    sold as (
        select
            asked_sales.known_through,
            asked_sales.live_id,
            {{ total('movements.gross_cents') }} as gross_cents,
            {{ total('movements.net_cents') }} as net_cents
        from asked_sales
        inner join
            {{ ref('content_gmv_daily_movements') }} as movements
            on movements.content_type = 'LIVE'
            and movements.content_id = asked_sales.live_id
            and movements.known_on <= asked_sales.known_through
        group by asked_sales.known_through, asked_sales.live_id
    )

select
    entered.program_id,
    entered.period,
    entered.known_through,
    entered.version_no as terms_version,
    entered.live_id,
    entered.entrant_id,
    entered.seller_id,
    entered.creator_id,
    entered.started_at,
    entered.ended_at,
    entered.removed_at,
    entered.is_long_enough,
    entered.is_invited,
    coalesce(case when entered.measure = 'gross' then sold.gross_cents else sold.net_cents end, 0) as score_cents,
    coalesce(sold.gross_cents, 0) as gross_cents
from entered
left join sold on entered.known_through = sold.known_through and entered.live_id = sold.live_id
