-- Entrants of a livestream championship (rulebook 2.7): one row a program, period and entrant with an eligible
-- livestream, when ranks were drawn or now. Their scores of both days, by the version in force when ranks were drawn.
-- No row where that version has no leaderboard.
with
    terms as (
        select
            periods.program_id,
            periods.period,
            periods.ranked_known_through,
            periods.known_through,
            periods.ranked_version_no,
            programs.entrants,
            versions.leaderboard_min_score_cents
        from {{ source('terms', 'periods') }} as periods
        inner join {{ source('terms', 'programs') }} as programs on periods.program_id = programs.program_id
        inner join
            {{ source('terms', 'versions') }} as versions
            on periods.program_id = versions.program_id
            and periods.ranked_version_no = versions.version_no
        where versions.leaderboard_min_score_cents is not null
    ),

    scores as (
        select
            terms.program_id,
            terms.period,
            terms.entrants,
            sessions.entrant_id,
            terms.ranked_version_no,
            terms.leaderboard_min_score_cents,
            {{ total_where('sessions.score_cents', 'sessions.known_through = terms.ranked_known_through') }}
            as drawn_score_cents,
            {{ total_where('sessions.gross_cents', 'sessions.known_through = terms.ranked_known_through') }}
            as drawn_gross_cents,
            {{ total_where('1', 'sessions.known_through = terms.ranked_known_through') }} as drawn_sessions,
            {{ total_where('sessions.score_cents', 'sessions.known_through = terms.known_through') }}
            as score_now_cents,
            {{ total_where('sessions.gross_cents', 'sessions.known_through = terms.known_through') }}
            as gross_now_cents,
            {{ total_where('1', 'sessions.known_through = terms.known_through') }} as sessions_now
        from terms
        inner join
            {{ ref('championship_sessions') }} as sessions
            on terms.program_id = sessions.program_id
            and terms.period = sessions.period
            and terms.ranked_version_no = sessions.terms_version
        where sessions.is_long_enough and sessions.is_invited
        group by
            terms.program_id,
            terms.period,
            terms.entrants,
            sessions.entrant_id,
            terms.ranked_version_no,
            terms.leaderboard_min_score_cents
    )

select
    program_id,
    period,
    entrants as entrant_type,
    entrant_id,
    ranked_version_no as terms_version,
    leaderboard_min_score_cents as min_score_cents,
    drawn_score_cents,
    drawn_gross_cents,
    drawn_sessions,
    drawn_sessions > 0 and drawn_score_cents >= leaderboard_min_score_cents as is_ranked,
    score_now_cents,
    gross_now_cents,
    sessions_now,
    sessions_now > 0 and score_now_cents >= leaderboard_min_score_cents as is_at_minimum
from scores
