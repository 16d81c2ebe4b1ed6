-- The race of each month of a short_video_growth program (rulebook 2.4): one row a program, month and entrant.
-- Entrants are partners of the named types with growth >= min_growth; rank by growth desc, the month's short-video
-- gross desc, partner_id. Ranks are drawn with what is known when the month settles, and stay. is_paid: the entrant has
-- an award as of this run's day, since its place pays and it still is of a named type and above the minimum.
with
    entrants as (
        select
            growth.*,
            versions.min_growth_cents,
            row_number() over (
                partition by growth.program_id, growth.period
                order by growth.growth_cents desc, growth.gross_cents desc, growth.partner_id
            ) as rank
        from {{ ref('partner_video_growth') }} as growth
        inner join
            {{ source('terms', 'versions') }} as versions
            on growth.program_id = versions.program_id
            and growth.terms_version = versions.version_no
        where growth.was_of_named_type and growth.growth_cents >= versions.min_growth_cents
    )

select
    entrants.program_id,
    entrants.period,
    entrants.rank,
    entrants.partner_id,
    entrants.baseline_cents,
    entrants.current_cents,
    entrants.growth_cents,
    entrants.gross_cents,
    entrants.tested_growth_cents,
    entrants.min_growth_cents,
    entrants.terms_version,
    coalesce(places.amount_cents, 0) > 0
    and entrants.had_history
    and entrants.has_history
    and entrants.is_of_named_type
    and entrants.tested_growth_cents >= entrants.min_growth_cents as is_paid
from entrants
left join
    {{ source('terms', 'places') }} as places
    on entrants.program_id = places.program_id
    and entrants.terms_version = places.version_no
    and entrants.rank >= places.first_rank
    and entrants.rank <= places.last_rank
