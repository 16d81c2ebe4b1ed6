-- Lines by which creators on an incubation program's list are measured (rulebook 2.8): one row a program, period and
-- counting line that is attributed to a creator who was on the list when it was paid, on a counted day; all as known at
-- the period's cut-off. Nothing is looked at but lines that such a creator was ever named for.
with
    -- Programs of other kinds name no list.
    terms as (
        select
            periods.program_id,
            periods.period,
            periods.first_day,
            periods.counted_through,
            periods.known_through,
            versions.creators_list as list_id
        from {{ source('terms', 'periods') }} as periods
        inner join
            {{ source('terms', 'versions') }} as versions
            on periods.program_id = versions.program_id
            and periods.version_no = versions.version_no
    ),

    listed as ({{ held_at('terms', ref('stg_program_lists'), ['subject_id'], match=['list_id']) }}),

    -- Any version may name the creator; the one that holds decides.
    named_lines as (
        select creator_id, line_key
        from {{ ref('stg_attributions') }}
        where creator_id in (select listed.subject_id from listed)
    ),

    candidate_lines as (
        select distinct terms.program_id, terms.period, terms.known_through, named_lines.line_key
        from terms
        inner join listed on terms.program_id = listed.program_id and terms.period = listed.period
        inner join named_lines on listed.subject_id = named_lines.creator_id
    ),

    attribution_versions as (
        select line_key, creator_id, updated_at, landed_on
        from {{ ref('stg_attributions') }}
        where line_key in (select named_lines.line_key from named_lines)
    ),

    held_attributions as ({{ held_at('candidate_lines', 'attribution_versions', ['line_key'], match=['line_key']) }}),

    attributed_lines as (
        select
            terms.program_id,
            terms.period,
            terms.known_through,
            terms.first_day,
            terms.counted_through,
            held_attributions.line_key,
            held_attributions.creator_id,
            listed.removed_at
        from terms
        inner join
            held_attributions
            on terms.program_id = held_attributions.program_id
            and terms.period = held_attributions.period
        inner join
            listed
            on held_attributions.program_id = listed.program_id
            and held_attributions.period = listed.period
            and held_attributions.creator_id = listed.subject_id
    ),

    {{ subject_lines('attributed_lines', 'named_lines') }}

select
    subject_lines.program_id,
    subject_lines.period,
    attributed_lines.creator_id,
    subject_lines.order_line_id,
    subject_lines.order_id,
    subject_lines.paid_at,
    subject_lines.gmv_date,
    attributed_lines.removed_at,
    subject_lines.gross_cents,
    subject_lines.net_cents
from subject_lines
inner join
    attributed_lines
    on subject_lines.program_id = attributed_lines.program_id
    and subject_lines.period = attributed_lines.period
    and subject_lines.line_key = attributed_lines.line_key
where
    subject_lines.gmv_date >= attributed_lines.first_day
    and subject_lines.gmv_date <= attributed_lines.counted_through
    and (attributed_lines.removed_at is null or subject_lines.paid_at < attributed_lines.removed_at)
