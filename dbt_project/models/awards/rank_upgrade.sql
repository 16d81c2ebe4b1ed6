-- rank_upgrade (rulebook 2.3): beneficiary a PARTNER of the named types; component `rank_upgrade`. prior = highest rank
-- of any snapshot before the window (none: BRONZE). A rank is reached by the first snapshot in the window so far that
-- is as high, and kept when every later one in the window so far is too: once lost, it is not regained. Pays the
-- amount of the highest kept rank above prior, of those that the terms name. One row a candidate: each partner of the
-- named types, also those that get nothing, with why.
with
    -- One row a program, which has one period: its window.
    terms as (
        select
            periods.program_id,
            periods.period,
            periods.stage,
            periods.version_no,
            periods.first_day,
            least(periods.last_day, {{ as_of() }}) as snapshots_through,
            periods.known_through,
            periods.is_cut_off_read_as_first_delivery,
            programs.instrument
        from {{ source('terms', 'periods') }} as periods
        inner join {{ source('terms', 'programs') }} as programs on periods.program_id = programs.program_id
        where periods.kind = 'rank_upgrade' and periods.has_begun
    ),

    {{ typed_partners('terms', by=['program_id']) }},

    held_ranks as ({{ held_at('terms', ref('stg_partner_ranks'), ['partner_id', 'snapshot_on'], by=['program_id']) }}),

    priors as (
        select
            held_ranks.program_id, held_ranks.partner_id, max({{ rank_level('held_ranks.rank_code') }}) as prior_level
        from held_ranks
        inner join terms on held_ranks.program_id = terms.program_id
        where held_ranks.snapshot_on < terms.first_day
        group by held_ranks.program_id, held_ranks.partner_id
    ),

    -- In the window so far, each with the rank of the one before.
    snapshots as (
        select
            held_ranks.program_id,
            held_ranks.partner_id,
            held_ranks.snapshot_on,
            held_ranks.rank_code,
            {{ rank_level('held_ranks.rank_code') }} as level,
            lag(held_ranks.rank_code) over (
                partition by held_ranks.program_id, held_ranks.partner_id order by held_ranks.snapshot_on
            ) as rank_code_before
        from held_ranks
        inner join terms on held_ranks.program_id = terms.program_id
        where held_ranks.snapshot_on >= terms.first_day and held_ranks.snapshot_on <= terms.snapshots_through
    ),

    snapshot_lists as (
        select
            program_id,
            partner_id,
            cast(count(*) as bigint) as snapshots,
            {{ listed(
            "case when rank_code is distinct from rank_code_before then cast(snapshot_on as string) || ' ' || rank_code end",
            'snapshot_on'
        ) }}
            as rank_changes
        from snapshots
        group by program_id, partner_id
    ),

    candidates as (
        select
            terms.*,
            typed_partners.partner_id,
            priors.prior_level is not null as has_prior_snapshot,
            coalesce(priors.prior_level, 1) as prior_level
        from terms
        inner join typed_partners on terms.program_id = typed_partners.program_id
        left join priors on terms.program_id = priors.program_id and typed_partners.partner_id = priors.partner_id
    ),

    -- The ranks above prior that the terms name, one row a candidate and rank: when it was reached first.
    steps as (
        select
            candidates.program_id,
            candidates.partner_id,
            tiers.threshold as level,
            tiers.amount_cents,
            min(snapshots.snapshot_on) as reached_on
        from candidates
        inner join
            {{ source('terms', 'tiers') }} as tiers
            on candidates.program_id = tiers.program_id
            and candidates.version_no = tiers.version_no
            and candidates.prior_level < tiers.threshold
        left join
            snapshots
            on candidates.program_id = snapshots.program_id
            and candidates.partner_id = snapshots.partner_id
            and tiers.threshold <= snapshots.level
        group by candidates.program_id, candidates.partner_id, tiers.threshold, tiers.amount_cents
    ),

    -- And when it was lost first.
    losses as (
        select
            steps.program_id,
            steps.partner_id,
            steps.level,
            steps.amount_cents,
            steps.reached_on,
            min(snapshots.snapshot_on) as lost_on
        from steps
        left join
            snapshots
            on steps.program_id = snapshots.program_id
            and steps.partner_id = snapshots.partner_id
            and steps.level > snapshots.level
            and steps.reached_on < snapshots.snapshot_on
        group by steps.program_id, steps.partner_id, steps.level, steps.amount_cents, steps.reached_on
    ),

    tested as (select *, reached_on is not null and lost_on is null as is_kept from losses),

    -- A higher rank is never reached before a lower one, and never pays less.
    outcomes as (
        select
            program_id,
            partner_id,
            max(case when is_kept then level end) as kept_level,
            max(case when is_kept then reached_on end) as kept_since_on,
            max(case when is_kept then amount_cents end) as kept_amount_cents,
            min(case when reached_on is null then level end) as next_level,
            {{ listed(
            rank_of('level') ~ " || ' ' || cast(reached_on as string) || ' to ' || cast(lost_on as string)",
            'level'
        ) }} as lost_ranks
        from tested
        group by program_id, partner_id
    )

select
    candidates.program_id,
    candidates.period,
    'PARTNER' as beneficiary_type,
    candidates.partner_id as beneficiary_id,
    '' as subject_id,
    'rank_upgrade' as component,
    candidates.instrument,
    coalesce(outcomes.kept_amount_cents, 0) as amount_cents,
    candidates.stage,
    candidates.version_no as terms_version,
    case
        when outcomes.kept_level is not null
        then 'rank reached and kept'
        when outcomes.lost_ranks is not null
        then 'every rank above the prior one was lost again'
        when snapshot_lists.snapshots is null
        then 'no rank snapshot in the window so far'
        else 'no rank above the prior one that pays'
    end as reason,
    {{ evidence({
        'prior_rank': rank_of('candidates.prior_level'),
        'has_prior_snapshot': 'candidates.has_prior_snapshot',
        'snapshots_first_day': 'candidates.first_day',
        'snapshots_last_day': 'candidates.snapshots_through',
        'known_through': 'candidates.known_through',
        'snapshots': 'coalesce(snapshot_lists.snapshots, 0)',
        'rank_changes': 'snapshot_lists.rank_changes',
        'kept_rank': rank_of('outcomes.kept_level'),
        'kept_since': 'outcomes.kept_since_on',
        'lost_ranks': 'outcomes.lost_ranks',
        'next_rank': rank_of('outcomes.next_level'),
        'is_cut_off_read_as_first_delivery': 'candidates.is_cut_off_read_as_first_delivery',
    }) }} as evidence
from candidates
left join
    snapshot_lists
    on candidates.program_id = snapshot_lists.program_id
    and candidates.partner_id = snapshot_lists.partner_id
left join outcomes on candidates.program_id = outcomes.program_id and candidates.partner_id = outcomes.partner_id
