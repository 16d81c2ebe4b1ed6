-- live_championship (rulebook 2.7): beneficiary the entrant, a PARTNER or a CREATOR; one period a round. Component
-- `leaderboard` pays entrants by the rank that they were drawn, by the version in force then, as long as their score as
-- known now is at the minimum; nobody moves up. Component `attendance` (subject: the livestream): a flat amount for
-- each eligible livestream whose own score is at the minimum of an event, by the version in force at min(D, freeze_on).
-- One row a candidate: each entrant with an eligible livestream, and each livestream in the period of an entrant, also
-- those that get nothing, with why.
with
    -- Entrants and livestreams stand beside periods of this kind that have begun, and beside no others.
    terms as (
        select
            periods.program_id,
            periods.period,
            periods.stage,
            periods.version_no,
            periods.ranked_version_no,
            periods.known_through,
            periods.ranked_known_through,
            periods.is_cut_off_read_as_first_delivery,
            periods.is_ranked_cut_off_read_as_first_delivery,
            programs.instrument,
            programs.entrants
        from {{ source('terms', 'periods') }} as periods
        inner join {{ source('terms', 'programs') }} as programs on periods.program_id = programs.program_id
    ),

    ranked as (
        select entrants.*, ranking.rank, coalesce(places.amount_cents, 0) as place_amount_cents
        from {{ ref('championship_entrants') }} as entrants
        left join
            {{ ref('live_ranking') }} as ranking
            on entrants.program_id = ranking.program_id
            and entrants.period = ranking.period
            and entrants.entrant_id = ranking.entrant_id
        left join
            {{ source('terms', 'places') }} as places
            on entrants.program_id = places.program_id
            and entrants.terms_version = places.version_no
            and ranking.rank >= places.first_rank
            and ranking.rank <= places.last_rank
    ),

    leaderboard as (
        select
            terms.program_id,
            terms.period,
            terms.entrants as beneficiary_type,
            ranked.entrant_id as beneficiary_id,
            '' as subject_id,
            'leaderboard' as component,
            terms.instrument,
            case when ranked.is_at_minimum then ranked.place_amount_cents else 0 end as amount_cents,
            terms.stage,
            ranked.terms_version,
            case
                when not ranked.is_ranked
                then 'below the least score when ranks were drawn'
                when ranked.place_amount_cents = 0
                then 'ranked below the places that pay'
                when not ranked.is_at_minimum
                then 'ranked, and below the least score since'
                else 'ranked'
            end as reason,
            {{ evidence({
            'measure': 'versions.measure',
            'service': 'versions.service',
            'min_minutes': 'versions.min_minutes',
            'invite_list': 'versions.invite_list',
            'min_score_cents': 'ranked.min_score_cents',
            'ranked_known_through': 'terms.ranked_known_through',
            'drawn_score_cents': 'ranked.drawn_score_cents',
            'drawn_gross_cents': 'ranked.drawn_gross_cents',
            'drawn_sessions': 'ranked.drawn_sessions',
            'is_ranked': 'ranked.is_ranked',
            'rank': 'ranked.rank',
            'place_amount_cents': 'ranked.place_amount_cents',
            'known_through': 'terms.known_through',
            'score_now_cents': 'ranked.score_now_cents',
            'gross_now_cents': 'ranked.gross_now_cents',
            'sessions_now': 'ranked.sessions_now',
            'is_at_minimum': 'ranked.is_at_minimum',
            'is_ranked_cut_off_read_as_first_delivery': 'terms.is_ranked_cut_off_read_as_first_delivery',
            'is_cut_off_read_as_first_delivery': 'terms.is_cut_off_read_as_first_delivery',
        }) }} as evidence
        from terms
        inner join ranked on terms.program_id = ranked.program_id and terms.period = ranked.period
        inner join
            {{ source('terms', 'versions') }} as versions
            on terms.program_id = versions.program_id
            and terms.ranked_version_no = versions.version_no
    ),

    attended as (
        select
            terms.*,
            sessions.entrant_id,
            sessions.live_id,
            sessions.seller_id,
            sessions.creator_id,
            sessions.started_at,
            {{ microseconds('sessions.ended_at') }} - {{ microseconds('sessions.started_at') }} as lasted_microseconds,
            sessions.removed_at,
            sessions.is_long_enough,
            sessions.is_invited,
            sessions.score_cents,
            sessions.gross_cents,
            versions.measure,
            versions.service,
            versions.min_minutes,
            versions.invite_list,
            versions.attendance_event_min_score_cents,
            versions.attendance_amount_cents
        from terms
        inner join
            {{ source('terms', 'versions') }} as versions
            on terms.program_id = versions.program_id
            and terms.version_no = versions.version_no
            and versions.attendance_amount_cents is not null
        inner join
            {{ ref('championship_sessions') }} as sessions
            on terms.program_id = sessions.program_id
            and terms.period = sessions.period
            and terms.known_through = sessions.known_through
            and terms.version_no = sessions.terms_version
    ),

    attendance as (
        select
            program_id,
            period,
            entrants as beneficiary_type,
            entrant_id as beneficiary_id,
            live_id as subject_id,
            'attendance' as component,
            instrument,
            case
                when is_long_enough and is_invited and score_cents >= attendance_event_min_score_cents
                then attendance_amount_cents
                else 0
            end as amount_cents,
            stage,
            version_no as terms_version,
            case
                when not is_long_enough
                then 'too short'
                when not is_invited
                then 'its shop was not on the invite list when it started'
                when score_cents < attendance_event_min_score_cents
                then 'below the least score of a livestream'
                else 'eligible, and at the least score'
            end as reason,
            {{ evidence({
            'measure': 'measure',
            'service': 'service',
            'known_through': 'known_through',
            'seller_id': 'seller_id',
            'creator_id': 'creator_id',
            'started_at': 'started_at',
            'lasted_microseconds': 'lasted_microseconds',
            'min_minutes': 'min_minutes',
            'is_long_enough': 'is_long_enough',
            'invite_list': 'invite_list',
            'removed_at': 'removed_at',
            'is_invited': 'is_invited',
            'score_cents': 'score_cents',
            'gross_cents': 'gross_cents',
            'event_min_score_cents': 'attendance_event_min_score_cents',
            'attendance_amount_cents': 'attendance_amount_cents',
            'is_cut_off_read_as_first_delivery': 'is_cut_off_read_as_first_delivery',
        }) }} as evidence
        from attended
    )

select *
from leaderboard
union all
select *
from attendance
