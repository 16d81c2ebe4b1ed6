-- What was known of a line's attribution, and from when to when: one row a touched, attributed line and version that
-- held, and a filler before the first, so that the join on the line stays an equi-join.
{%- set versions %}({{ rows_of_touched('attributions', [
        'line_key',
        'content_type',
        'content_id',
        'creator_id',
        'target_collaboration_id is not null as is_target_plan',
        'matched_by_partner_id',
        'updated_at',
        'landed_on'
    ]) }}){% endset %}
with
    {{ knowledge_intervals(versions, 'line_key', ['content_type', 'content_id', 'creator_id', 'is_target_plan', 'matched_by_partner_id']) }}

select *
from knowledge_intervals
union all
select
    line_key,
    'UNATTRIBUTED' as content_type,
    null as content_id,
    null as creator_id,
    false as is_target_plan,
    null as matched_by_partner_id,
    date '0001-01-01' as known_from,
    first_landed_on as known_to
from landings
-- Before the earliest delivery nothing was known of the line either.
where first_landed_on > (select earliest from {{ source('context', 'run_window') }})
