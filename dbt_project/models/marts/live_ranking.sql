-- Ranks of livestream championships (rulebook 2.7), as drawn: one row a program, period and rank. Score, gross and
-- livestreams are those that ranks were drawn with; score_now and is_at_minimum say what is known of it since.
select
    program_id,
    period,
    row_number() over (
        partition by program_id, period order by drawn_score_cents desc, drawn_gross_cents desc, entrant_id nulls last
    ) as rank,
    entrant_type,
    entrant_id,
    drawn_score_cents as score_cents,
    drawn_gross_cents as gross_cents,
    drawn_sessions as sessions,
    min_score_cents,
    score_now_cents,
    is_at_minimum
from {{ ref('championship_entrants') }}
where is_ranked
