-- Everybody whom a program looked at, kind by kind: one row a candidate, also those that get nothing. Nothing else
-- happens here.
{%- set kinds = [
    'incremental_daily_gmv', 'rank_upgrade', 'short_video_growth', 'affiliate_service', 'creator_matching_challenge',
    'live_championship', 'creator_incubation', 'funded_deals', 'referral_reward'
] %}
{%- for kind in kinds %}
    select
        program_id,
        period,
        beneficiary_type,
        beneficiary_id,
        subject_id,
        component,
        instrument,
        amount_cents,
        stage,
        terms_version,
        reason,
        evidence,
        {{ as_of() }} as as_of
    from {{ ref(kind) }} {{ 'union all' if not loop.last }}
{%- endfor %}
