-- Assignments of one subject and service that overlap, as known now: one row an earlier assignment that a later one
-- ends. The later (valid_from, assignment_id) holds from its valid_from on; nothing is quarantined (landing contract).
with
    held as (
        select * from {{ ref('assignment_versions') }} where known_to = {{ end_of_time() }} and valid_from < valid_to
    ),

    followed as (
        select
            assignment_id,
            partner_id,
            subject_type,
            subject_id,
            service,
            valid_from,
            valid_to,
            lead(assignment_id) over (
                partition by subject_type, subject_id, service order by valid_from, assignment_id
            ) as ended_by,
            lead(valid_from) over (
                partition by subject_type, subject_id, service order by valid_from, assignment_id
            ) as ended_on
        from held
    )

select assignment_id, partner_id, subject_type, subject_id, service, valid_from, valid_to, ended_by, ended_on
from followed
where ended_on < valid_to
