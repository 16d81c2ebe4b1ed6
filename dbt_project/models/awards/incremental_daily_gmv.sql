-- incremental_daily_gmv (rulebook 2.2): beneficiary a PARTNER of the named types; component `daily_gmv`. baseline =
-- floor(GMV of the baseline window as known at min(D, baseline_freeze_on) / its days); current = floor(GMV of the
-- counted days / their number); increment = current - max(baseline, baseline_floor). Pays the highest tier with
-- threshold <= increment. No counted day: no candidate. No counting line in the baseline window: no award. One row a
-- candidate: each partner of the named types, also those that get nothing, with why.
with
    terms as (
        select
            periods.program_id,
            periods.period,
            periods.stage,
            periods.version_no,
            periods.first_day,
            periods.counted_through,
            periods.known_through,
            periods.baseline_known_through,
            periods.is_cut_off_read_as_first_delivery,
            periods.is_baseline_cut_off_read_as_first_delivery,
            programs.instrument,
            versions.measure,
            versions.service,
            versions.baseline_first_day,
            versions.baseline_last_day,
            versions.baseline_floor_cents,
            {{ days_from('versions.baseline_first_day', 'versions.baseline_last_day') }} + 1 as baseline_days,
            {{ days_from('periods.first_day', 'periods.counted_through') }} + 1 as counted_days
        from {{ source('terms', 'periods') }} as periods
        inner join {{ source('terms', 'programs') }} as programs on periods.program_id = programs.program_id
        inner join
            {{ source('terms', 'versions') }} as versions
            on periods.program_id = versions.program_id
            and periods.version_no = versions.version_no
        where
            periods.kind = 'incremental_daily_gmv'
            and periods.has_begun
            and periods.counted_through >= periods.first_day
    ),

    history as (
        select terms.program_id, terms.period
        from terms
        inner join
            {{ ref('gmv_daily_movements') }} as movements
            on movements.gmv_date >= terms.baseline_first_day
            and movements.gmv_date <= terms.baseline_last_day
            and movements.known_on <= terms.baseline_known_through
        group by terms.program_id, terms.period
        having sum(movements.units) > 0
    ),

    partners as (
        select
            terms.program_id,
            terms.period,
            partners.partner_id,
            partners.partner_type,
            row_number() over (
                partition by terms.program_id, terms.period, partners.partner_id
                order by partners.updated_at desc, partners.landed_on desc
            ) as newest_first
        from terms
        inner join {{ ref('stg_partners') }} as partners on partners.landed_on <= terms.known_through
    ),

    entrants as (
        select partners.program_id, partners.period, partners.partner_id
        from partners
        inner join terms on partners.program_id = terms.program_id and partners.period = terms.period
        inner join
            {{ source('terms', 'partner_types') }} as partner_types
            on terms.program_id = partner_types.program_id
            and terms.version_no = partner_types.version_no
            and partners.partner_type = partner_types.partner_type
        where partners.newest_first = 1
    ),

    -- Sums over movements with knowledge cut-offs: one row a program, period and partner.
    measured as (
        select
            terms.program_id,
            terms.period,
            movements.partner_id,
            {{ total_where(
            "case when terms.measure = 'gross' then movements.gross_cents else movements.net_cents end",
            'movements.gmv_date between terms.baseline_first_day and terms.baseline_last_day
            and movements.known_on <= terms.baseline_known_through'
        ) }} as baseline_gmv_cents,
            {{ total_where(
            "case when terms.measure = 'gross' then movements.gross_cents else movements.net_cents end",
            'movements.gmv_date between terms.first_day and terms.counted_through
            and movements.known_on <= terms.known_through'
        ) }} as counted_gmv_cents
        from terms
        inner join {{ ref('partner_gmv_daily_movements') }} as movements on terms.service = movements.service
        group by terms.program_id, terms.period, movements.partner_id
    ),

    averages as (
        select
            terms.*,
            entrants.partner_id,
            history.program_id is not null as has_history,
            coalesce(measured.baseline_gmv_cents, 0) as baseline_gmv_cents,
            coalesce(measured.counted_gmv_cents, 0) as counted_gmv_cents,
            {{ floor_divide('coalesce(measured.baseline_gmv_cents, 0)', 'terms.baseline_days') }} as baseline_cents,
            {{ floor_divide('coalesce(measured.counted_gmv_cents, 0)', 'terms.counted_days') }} as current_cents
        from terms
        inner join entrants on terms.program_id = entrants.program_id and terms.period = entrants.period
        left join history on terms.program_id = history.program_id and terms.period = history.period
        left join
            measured
            on terms.program_id = measured.program_id
            and terms.period = measured.period
            and entrants.partner_id = measured.partner_id
    ),

    increments as (
        select *, current_cents - greatest(baseline_cents, baseline_floor_cents) as increment_cents from averages
    ),

    -- The highest tier reached and the next one above: one row a candidate.
    tiered as (
        select
            increments.program_id,
            increments.period,
            increments.partner_id,
            max(case when tiers.threshold <= increments.increment_cents then tiers.threshold end) as tier_cents,
            max(
                case when tiers.threshold <= increments.increment_cents then tiers.amount_cents end
            ) as tier_amount_cents,
            min(case when tiers.threshold > increments.increment_cents then tiers.threshold end) as next_tier_cents
        from increments
        inner join
            {{ source('terms', 'tiers') }} as tiers
            on increments.program_id = tiers.program_id
            and increments.version_no = tiers.version_no
        group by increments.program_id, increments.period, increments.partner_id
    )

select
    increments.program_id,
    increments.period,
    'PARTNER' as beneficiary_type,
    increments.partner_id as beneficiary_id,
    '' as subject_id,
    'daily_gmv' as component,
    increments.instrument,
    case when increments.has_history then coalesce(tiered.tier_amount_cents, 0) else 0 end as amount_cents,
    increments.stage,
    increments.version_no as terms_version,
    case
        when not increments.has_history
        then 'no history: no line counts in the baseline window'
        when tiered.tier_amount_cents is null
        then 'below the first tier'
        else 'tier reached'
    end as reason,
    {{ evidence({
        'measure': 'increments.measure',
        'service': 'increments.service',
        'baseline_first_day': 'increments.baseline_first_day',
        'baseline_last_day': 'increments.baseline_last_day',
        'baseline_known_through': 'increments.baseline_known_through',
        'baseline_gmv_cents': 'increments.baseline_gmv_cents',
        'baseline_days': 'increments.baseline_days',
        'baseline_cents': 'increments.baseline_cents',
        'baseline_floor_cents': 'increments.baseline_floor_cents',
        'counted_first_day': 'increments.first_day',
        'counted_last_day': 'increments.counted_through',
        'known_through': 'increments.known_through',
        'counted_gmv_cents': 'increments.counted_gmv_cents',
        'counted_days': 'increments.counted_days',
        'current_cents': 'increments.current_cents',
        'increment_cents': 'increments.increment_cents',
        'tier_cents': 'tiered.tier_cents',
        'next_tier_cents': 'tiered.next_tier_cents',
        'has_history': 'increments.has_history',
        'is_cut_off_read_as_first_delivery': 'increments.is_cut_off_read_as_first_delivery',
        'is_baseline_cut_off_read_as_first_delivery': 'increments.is_baseline_cut_off_read_as_first_delivery',
    }) }} as evidence
from increments
left join
    tiered
    on increments.program_id = tiered.program_id
    and increments.period = tiered.period
    and increments.partner_id = tiered.partner_id
