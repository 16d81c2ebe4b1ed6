-- referral_reward (rulebook 2.1): beneficiary the referrer, a MEMBER; instrument of the program. Component `referral`
-- (subject: the referee): amount_per_referral for each referral in a place under the cap; PROVISIONAL from the day of
-- the qualifying purchase, FINAL once delivered for hold_days and not flagged. Component `milestone` (subject: the
-- count): with n FINAL referrals every milestone <= n pays, always FINAL. One row a candidate: a referrer's referral
-- or milestone, also those that pay nothing, with why.
with
    terms as (
        select
            periods.program_id,
            periods.period,
            periods.version_no,
            periods.known_through,
            periods.is_cut_off_read_as_first_delivery,
            programs.instrument,
            versions.amount_per_referral_cents,
            versions.max_referrals
        from {{ source('terms', 'periods') }} as periods
        inner join {{ source('terms', 'programs') }} as programs on periods.program_id = programs.program_id
        inner join
            {{ source('terms', 'versions') }} as versions
            on periods.program_id = versions.program_id
            and periods.version_no = versions.version_no
        where periods.kind = 'referral_reward' and periods.has_begun
    ),

    conversions as (select * from {{ ref('referral_conversions') }}),

    referrals as (
        select
            terms.program_id,
            terms.period,
            'MEMBER' as beneficiary_type,
            conversions.referrer_id as beneficiary_id,
            conversions.referee_id as subject_id,
            'referral' as component,
            terms.instrument,
            case
                when conversions.status in ('FLAGGED', 'PROVISIONAL', 'FINAL')
                then terms.amount_per_referral_cents
                else 0
            end as amount_cents,
            case when conversions.status = 'FINAL' then 'FINAL' else 'PROVISIONAL' end as stage,
            terms.version_no as terms_version,
            conversions.reason,
            {{ evidence({
            'status': 'conversions.status',
            'reason': 'conversions.reason',
            'amount_per_referral_cents': 'terms.amount_per_referral_cents',
            'signed_up_at': 'conversions.signed_up_at',
            'order_id': 'conversions.order_id',
            'paid_at': 'conversions.paid_at',
            'delivered_at': 'conversions.delivered_at',
            'final_on': 'conversions.final_on',
            'is_flagged': 'conversions.is_flagged',
            'place': 'conversions.place',
            'max_referrals': 'terms.max_referrals',
            'known_through': 'terms.known_through',
            'is_cut_off_read_as_first_delivery': 'terms.is_cut_off_read_as_first_delivery',
        }) }} as evidence
        from terms
        inner join conversions on terms.program_id = conversions.program_id
    ),

    counts as (
        select program_id, referrer_id, cast(count(*) as bigint) as final_referrals
        from conversions
        where status = 'FINAL'
        group by program_id, referrer_id
    ),

    milestones as (
        select
            terms.program_id,
            terms.period,
            'MEMBER' as beneficiary_type,
            counts.referrer_id as beneficiary_id,
            cast(tiers.threshold as string) as subject_id,
            'milestone' as component,
            terms.instrument,
            case when counts.final_referrals >= tiers.threshold then tiers.amount_cents else 0 end as amount_cents,
            'FINAL' as stage,
            terms.version_no as terms_version,
            case
                when counts.final_referrals >= tiers.threshold
                then 'enough final referrals'
                else 'too few final referrals'
            end as reason,
            {{ evidence({
            'final_referrals': 'counts.final_referrals',
            'milestone': 'tiers.threshold',
            'milestone_amount_cents': 'tiers.amount_cents',
            'known_through': 'terms.known_through',
            'is_cut_off_read_as_first_delivery': 'terms.is_cut_off_read_as_first_delivery',
        }) }} as evidence
        from terms
        inner join counts on terms.program_id = counts.program_id
        inner join
            {{ source('terms', 'tiers') }} as tiers
            on terms.program_id = tiers.program_id
            and terms.version_no = tiers.version_no
    )

select *
from referrals
union all
select *
from milestones
