-- What was known of an assignment, and from when to when: one row an assignment and version that held.
with
    versions as (
        select
            assignment_id,
            partner_id,
            subject_type,
            subject_id,
            service,
            valid_from,
            coalesce(valid_to, {{ end_of_time() }}) as valid_to,
            updated_at,
            landed_on
        from {{ ref('stg_assignments') }}
    ),

    {{ knowledge_intervals('versions', 'assignment_id', ['partner_id', 'subject_type', 'subject_id', 'service', 'valid_from', 'valid_to']) }}

select *
from knowledge_intervals
