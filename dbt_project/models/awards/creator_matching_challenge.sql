-- creator_matching_challenge (rulebook 2.6): beneficiary a PARTNER; component `matching`. The class, as known on the
-- first day: ranked where the latest rank snapshot before the window is ranked_from or higher; else october_high where
-- floor(GMV of the class window / its days) >= high_from; else october_low. Pays the highest tier of the class with
-- threshold <= GMV of the counted days that the partner matched. No counted day: no candidate. No counting line in the
-- class window: no award. One row a candidate: each partner of the named types; where any may earn, each that has a
-- record or matched something; also those that get nothing, with why.
with
    -- One row a program, which has one period: its window.
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
            versions.is_any_partner,
            versions.class_window_first_day,
            versions.class_window_last_day,
            versions.ranked_from,
            versions.high_from_cents,
            {{ days_from('versions.class_window_first_day', 'versions.class_window_last_day') }}
            + 1 as class_window_days
        from {{ source('terms', 'periods') }} as periods
        inner join {{ source('terms', 'programs') }} as programs on periods.program_id = programs.program_id
        inner join
            {{ source('terms', 'versions') }} as versions
            on periods.program_id = versions.program_id
            and periods.version_no = versions.version_no
        where
            periods.kind = 'creator_matching_challenge'
            and periods.has_begun
            and periods.counted_through >= periods.first_day
    ),

    history as (
        select terms.program_id
        from terms
        inner join
            {{ ref('gmv_daily_movements') }} as movements
            on movements.gmv_date >= terms.class_window_first_day
            and movements.gmv_date <= terms.class_window_last_day
            and movements.known_on <= terms.baseline_known_through
        group by terms.program_id
        having sum(movements.units) > 0
    ),

    -- Of each partner the latest snapshot before the window, in the version that holds as known on the first day.
    ranks_before as (
        select
            terms.program_id,
            ranks.partner_id,
            ranks.snapshot_on,
            ranks.rank_code,
            {{ rank_level('ranks.rank_code') }} >= {{ rank_level('terms.ranked_from') }} as is_ranked,
            row_number() over (
                partition by terms.program_id, ranks.partner_id
                order by ranks.snapshot_on desc, ranks.updated_at desc, ranks.landed_on desc
            ) as latest_first
        from terms
        inner join
            {{ ref('stg_partner_ranks') }} as ranks
            on ranks.snapshot_on < terms.first_day
            and ranks.landed_on <= terms.baseline_known_through
    ),

    latest_ranks as (select * from ranks_before where latest_first = 1),

    class_gmv as (
        select
            terms.program_id,
            movements.partner_id,
            {{ total("case when terms.measure = 'gross' then movements.gross_cents else movements.net_cents end") }}
            as class_gmv_cents
        from terms
        inner join
            {{ ref('partner_gmv_daily_movements') }} as movements
            on terms.service = movements.service
            and movements.gmv_date >= terms.class_window_first_day
            and movements.gmv_date <= terms.class_window_last_day
            and movements.known_on <= terms.baseline_known_through
        group by terms.program_id, movements.partner_id
    ),

    matched as (
        select
            terms.program_id,
            terms.is_any_partner,
            movements.partner_id,
            {{ total("case when terms.measure = 'gross' then movements.matched_gross_cents else movements.matched_net_cents end") }}
            as matched_gmv_cents
        from terms
        inner join
            {{ ref('partner_gmv_daily_movements') }} as movements
            on movements.service = 'MATCHED'
            and movements.gmv_date >= terms.first_day
            and movements.gmv_date <= terms.counted_through
            and movements.known_on <= terms.known_through
        group by terms.program_id, terms.is_any_partner, movements.partner_id
    ),

    {{ typed_partners('terms', by=['program_id']) }},

    entrants as (
        select program_id, partner_id
        from typed_partners
        union
        select held_partners.program_id, held_partners.partner_id
        from held_partners
        inner join terms on held_partners.program_id = terms.program_id and terms.is_any_partner
        union
        select program_id, partner_id
        from matched
        where is_any_partner
    ),

    measured as (
        select
            terms.*,
            entrants.partner_id,
            history.program_id is not null as has_history,
            latest_ranks.rank_code,
            latest_ranks.snapshot_on,
            latest_ranks.is_ranked,
            coalesce(class_gmv.class_gmv_cents, 0) as class_gmv_cents,
            {{ floor_divide('coalesce(class_gmv.class_gmv_cents, 0)', 'terms.class_window_days') }}
            as class_daily_gmv_cents,
            coalesce(matched.matched_gmv_cents, 0) as matched_gmv_cents
        from terms
        inner join entrants on terms.program_id = entrants.program_id
        left join history on terms.program_id = history.program_id
        left join
            latest_ranks on terms.program_id = latest_ranks.program_id and entrants.partner_id = latest_ranks.partner_id
        left join class_gmv on terms.program_id = class_gmv.program_id and entrants.partner_id = class_gmv.partner_id
        left join matched on terms.program_id = matched.program_id and entrants.partner_id = matched.partner_id
    ),

    classed as (
        select
            *,
            case
                when is_ranked
                then 'ranked'
                when class_daily_gmv_cents >= high_from_cents
                then 'october_high'
                else 'october_low'
            end as class
        from measured
    ),

    -- The highest tier of the class that is reached and the next one above: one row a candidate.
    tiered as (
        select
            classed.program_id,
            classed.partner_id,
            max(case when tiers.threshold <= classed.matched_gmv_cents then tiers.threshold end) as tier_cents,
            max(
                case when tiers.threshold <= classed.matched_gmv_cents then tiers.amount_cents end
            ) as tier_amount_cents,
            min(case when tiers.threshold > classed.matched_gmv_cents then tiers.threshold end) as next_tier_cents
        from classed
        inner join
            {{ source('terms', 'tiers') }} as tiers
            on classed.program_id = tiers.program_id
            and classed.version_no = tiers.version_no
            and classed.class = tiers.class
        group by classed.program_id, classed.partner_id
    )

select
    classed.program_id,
    classed.period,
    'PARTNER' as beneficiary_type,
    classed.partner_id as beneficiary_id,
    '' as subject_id,
    'matching' as component,
    classed.instrument,
    case when classed.has_history then coalesce(tiered.tier_amount_cents, 0) else 0 end as amount_cents,
    classed.stage,
    classed.version_no as terms_version,
    case
        when not classed.has_history
        then 'no history: no line counts in the class window'
        when tiered.tier_amount_cents is null
        then 'below the first tier of the class'
        else 'tier reached'
    end as reason,
    {{ evidence({
        'measure': 'classed.measure',
        'service': 'classed.service',
        'class_window_first_day': 'classed.class_window_first_day',
        'class_window_last_day': 'classed.class_window_last_day',
        'baseline_known_through': 'classed.baseline_known_through',
        'latest_rank': 'classed.rank_code',
        'latest_snapshot_on': 'classed.snapshot_on',
        'ranked_from': 'classed.ranked_from',
        'class_gmv_cents': 'classed.class_gmv_cents',
        'class_window_days': 'classed.class_window_days',
        'class_daily_gmv_cents': 'classed.class_daily_gmv_cents',
        'high_from_cents': 'classed.high_from_cents',
        'class': 'classed.class',
        'counted_first_day': 'classed.first_day',
        'counted_last_day': 'classed.counted_through',
        'known_through': 'classed.known_through',
        'matched_gmv_cents': 'classed.matched_gmv_cents',
        'tier_cents': 'tiered.tier_cents',
        'next_tier_cents': 'tiered.next_tier_cents',
        'has_history': 'classed.has_history',
        'is_cut_off_read_as_first_delivery': 'classed.is_cut_off_read_as_first_delivery',
        'is_baseline_cut_off_read_as_first_delivery': 'classed.is_baseline_cut_off_read_as_first_delivery',
    }) }} as evidence
from classed
left join tiered on classed.program_id = tiered.program_id and classed.partner_id = tiered.partner_id
