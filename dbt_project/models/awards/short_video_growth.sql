-- short_video_growth (rulebook 2.4): beneficiary a PARTNER of the named types; one period a month. growth = the
-- month's counted short-video GMV - that of the whole baseline window, unscaled. Component `monthly_rank`: what the
-- place pays; ranks are drawn with what is known, and by the version in force, at min(D, settle_on), and stay. An
-- entrant whose growth as known at min(D, freeze_on) is below min_growth, or that is of another type by then, has no
-- award; nobody moves up. No counting line in the baseline window: no award. Component `consistency` (period: the
-- whole window): once the last month is FINAL, for an award in every month as they stand. One row a candidate: each
-- partner of the named types a month, and of the window each with an award in some month, also those that get nothing,
-- with why.
with
    monthly as (
        select
            growth.program_id,
            growth.period,
            'PARTNER' as beneficiary_type,
            growth.partner_id as beneficiary_id,
            '' as subject_id,
            'monthly_rank' as component,
            programs.instrument,
            case when ranking.is_paid then places.amount_cents else 0 end as amount_cents,
            periods.stage,
            growth.terms_version,
            case
                when not growth.had_history or not growth.has_history
                then 'no history: no line counts in the baseline window'
                when not growth.was_of_named_type
                then 'of no named type when ranks were drawn'
                when ranking.rank is null
                then 'growth below the minimum'
                when not growth.is_of_named_type
                then 'of no named type any more'
                when growth.tested_growth_cents < versions.min_growth_cents
                then 'growth fell below the minimum after ranks were drawn'
                when ranking.is_paid
                then 'place reached'
                else 'the place pays nothing'
            end as reason,
            {{ evidence({
            'measure': 'versions.measure',
            'service': 'versions.service',
            'baseline_first_day': 'versions.baseline_first_day',
            'baseline_last_day': 'versions.baseline_last_day',
            'counted_first_day': 'periods.first_day',
            'counted_last_day': 'periods.counted_through',
            'min_growth_cents': 'versions.min_growth_cents',
            'ranked_known_through': 'periods.ranked_known_through',
            'was_of_named_type': 'growth.was_of_named_type',
            'had_history': 'growth.had_history',
            'baseline_cents': 'growth.baseline_cents',
            'current_cents': 'growth.current_cents',
            'growth_cents': 'growth.growth_cents',
            'gross_cents': 'growth.gross_cents',
            'rank': 'ranking.rank',
            'place_amount_cents': 'places.amount_cents',
            'known_through': 'periods.known_through',
            'is_of_named_type': 'growth.is_of_named_type',
            'has_history': 'growth.has_history',
            'tested_baseline_cents': 'growth.tested_baseline_cents',
            'tested_current_cents': 'growth.tested_current_cents',
            'tested_growth_cents': 'growth.tested_growth_cents',
            'is_cut_off_read_as_first_delivery': 'periods.is_cut_off_read_as_first_delivery',
            'is_ranked_cut_off_read_as_first_delivery': 'periods.is_ranked_cut_off_read_as_first_delivery',
        }) }} as evidence
        from {{ ref('partner_video_growth') }} as growth
        inner join
            {{ source('terms', 'periods') }} as periods
            on growth.program_id = periods.program_id
            and growth.period = periods.period
        inner join {{ source('terms', 'programs') }} as programs on growth.program_id = programs.program_id
        inner join
            {{ source('terms', 'versions') }} as versions
            on growth.program_id = versions.program_id
            and growth.terms_version = versions.version_no
        left join
            {{ ref('short_video_growth_ranking') }} as ranking
            on growth.program_id = ranking.program_id
            and growth.period = ranking.period
            and growth.partner_id = ranking.partner_id
        left join
            {{ source('terms', 'places') }} as places
            on growth.program_id = places.program_id
            and growth.terms_version = places.version_no
            and ranking.rank >= places.first_rank
            and ranking.rank <= places.last_rank
    ),

    -- The whole window of each program, once its last period is FINAL, by the terms in force for that period. What
    -- meets monthly awards below is of this kind.
    whole_windows as (
        select
            programs.program_id,
            cast(programs.window_first_day as string) || '..' || cast(programs.window_last_day as string) as period,
            programs.instrument,
            periods.version_no,
            periods.known_through,
            periods.is_cut_off_read_as_first_delivery
        from {{ source('terms', 'programs') }} as programs
        inner join
            {{ source('terms', 'periods') }} as periods
            on programs.program_id = periods.program_id
            and programs.window_last_day = periods.last_day
        where periods.stage = 'FINAL'
    ),

    {{ typed_partners('whole_windows', by=['program_id']) }},

    month_counts as (
        select program_id, cast(count(*) as bigint) as months from {{ source('terms', 'periods') }} group by program_id
    ),

    paid_months as (
        select program_id, beneficiary_id, cast(count(*) as bigint) as months
        from monthly
        where amount_cents > 0
        group by program_id, beneficiary_id
    ),

    consistency as (
        select
            whole_windows.program_id,
            whole_windows.period,
            'PARTNER' as beneficiary_type,
            paid_months.beneficiary_id,
            '' as subject_id,
            'consistency' as component,
            whole_windows.instrument,
            case
                when paid_months.months = month_counts.months and typed_partners.partner_id is not null
                then versions.consistency_cents
                else 0
            end as amount_cents,
            'FINAL' as stage,
            whole_windows.version_no as terms_version,
            case
                when paid_months.months < month_counts.months
                then 'not an award in every month'
                when typed_partners.partner_id is null
                then 'of no named type'
                else 'an award in every month'
            end as reason,
            {{ evidence({
            'months': 'month_counts.months',
            'months_with_an_award': 'paid_months.months',
            'is_of_named_type': '(typed_partners.partner_id is not null)',
            'consistency_cents': 'versions.consistency_cents',
            'known_through': 'whole_windows.known_through',
            'is_cut_off_read_as_first_delivery': 'whole_windows.is_cut_off_read_as_first_delivery',
        }) }} as evidence
        from whole_windows
        inner join paid_months on whole_windows.program_id = paid_months.program_id
        inner join month_counts on whole_windows.program_id = month_counts.program_id
        inner join
            {{ source('terms', 'versions') }} as versions
            on whole_windows.program_id = versions.program_id
            and whole_windows.version_no = versions.version_no
        left join
            typed_partners
            on whole_windows.program_id = typed_partners.program_id
            and paid_months.beneficiary_id = typed_partners.partner_id
    )

select *
from monthly
union all
select *
from consistency
