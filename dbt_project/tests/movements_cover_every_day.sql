-- The movements cover every knowledge date from the first delivery to the as-of day; otherwise history is missing and
-- nothing may be posted. The cure is `incentives rebuild`.
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'covered_days'}}}) }}
select
    {{ days_from('run_window.earliest', 'run_window.known_through') }} + 1 as days_due,
    count(covered.known_on) as days_covered
from {{ source('context', 'run_window') }} as run_window
left join
    {{ ref('covered_days') }} as covered
    on covered.known_on >= run_window.earliest
    and covered.known_on <= run_window.known_through
group by run_window.known_through, run_window.earliest
having
    count(distinct covered.known_on) <> {{ days_from('run_window.earliest', 'run_window.known_through') }} + 1
    or count(distinct covered.known_on) <> count(covered.known_on)
