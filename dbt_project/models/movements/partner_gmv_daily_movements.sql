{{ config(materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail') }}
-- What each delivery day added to and took from partner_gmv_daily: one row a knowledge date, paid day, partner and
-- service. The small cubes of sellers and creators times the assignments, both by knowledge: a movement counts for a
-- partner from the later of the two starts and leaves it at the assignment's known_to, so that a corrected assignment
-- rewrites no line.
with
    changed_subjects as (
        select distinct subject_type, subject_id
        from {{ ref('assignment_periods') }}
        where ({{ in_run_window('known_from') }}) or ({{ in_run_window('known_to') }})
    ),

    served as (
        select
            'SELLER' as subject_type,
            seller_id as subject_id,
            known_on,
            gmv_date,
            content_type,
            gross_cents,
            net_cents,
            short_video_gross_cents,
            short_video_net_cents,
            affiliate_gross_cents,
            affiliate_net_cents,
            units
        from {{ ref('gmv_daily_movements') }}
        where
            ({{ in_run_window('known_on') }})
            or seller_id
            in (select changed.subject_id from changed_subjects as changed where changed.subject_type = 'SELLER')
        union all
        select
            'CREATOR' as subject_type,
            creator_id as subject_id,
            known_on,
            gmv_date,
            content_type,
            gross_cents,
            net_cents,
            short_video_gross_cents,
            short_video_net_cents,
            gross_cents as affiliate_gross_cents,
            net_cents as affiliate_net_cents,
            units
        from {{ ref('creator_gmv_daily_movements') }}
        where
            ({{ in_run_window('known_on') }})
            or creator_id
            in (select changed.subject_id from changed_subjects as changed where changed.subject_type = 'CREATOR')
    ),

    pairs as (
        select
            assignments.partner_id,
            assignments.service,
            greatest(served.known_on, assignments.known_from) as added_on,
            assignments.known_to as taken_on,
            served.gmv_date,
            served.content_type = 'LIVE' as is_live,
            served.gross_cents,
            served.net_cents,
            served.short_video_gross_cents,
            served.short_video_net_cents,
            served.affiliate_gross_cents,
            served.affiliate_net_cents,
            served.units
        from served
        inner join
            {{ ref('assignment_periods') }} as assignments
            on served.subject_type = assignments.subject_type
            and served.subject_id = assignments.subject_id
            and served.gmv_date >= assignments.valid_from
            and served.gmv_date < assignments.valid_to
            and served.known_on < assignments.known_to
    ),

    signed as (
        select added_on as known_on, 1 as sign, pairs.*
        from pairs
        where {{ in_run_window('added_on') }}
        union all
        select taken_on as known_on, -1 as sign, pairs.*
        from pairs
        where {{ in_run_window('taken_on') }}
    ),

    amounts as (
        select
            known_on,
            gmv_date,
            partner_id,
            service,
            sign * gross_cents as gross_cents,
            sign * net_cents as net_cents,
            sign * short_video_gross_cents as short_video_gross_cents,
            sign * short_video_net_cents as short_video_net_cents,
            case when is_live then sign * gross_cents else 0 end as live_gross_cents,
            case when is_live then sign * net_cents else 0 end as live_net_cents,
            sign * affiliate_gross_cents as affiliate_gross_cents,
            sign * affiliate_net_cents as affiliate_net_cents,
            0 as matched_gross_cents,
            0 as matched_net_cents,
            sign * units as units
        from signed
        union all
        select known_on, gmv_date, partner_id, 'MATCHED', 0, 0, 0, 0, 0, 0, 0, 0, gross_cents, net_cents, 0
        from {{ ref('matched_gmv_daily_movements') }}
        where {{ in_run_window('known_on') }}
    )

    {%- set measures = [
    'gross_cents', 'net_cents', 'short_video_gross_cents', 'short_video_net_cents', 'live_gross_cents', 'live_net_cents',
    'affiliate_gross_cents', 'affiliate_net_cents', 'matched_gross_cents', 'matched_net_cents', 'units'
] %}

select
    known_on,
    gmv_date,
    partner_id,
    service
    {%- for measure in measures %}, {{ total(measure) }} as {{ measure }} {%- endfor %}
from amounts
group by known_on, gmv_date, partner_id, service
having {%- for measure in measures %} {{ 'or ' if not loop.first }}sum({{ measure }}) <> 0 {%- endfor %}
