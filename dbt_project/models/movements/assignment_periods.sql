-- Who served whom on which days, as known from when to when: one row a subject, service, first valid day and stretch
-- of knowledge. Where two assignments overlap, the later (valid_from, assignment_id) holds from its valid_from on and
-- the earlier one ends there; a withdrawn one overlaps nothing (landing contract, Feeds).
with
    assignments as (select * from {{ ref('assignment_versions') }} where valid_from < valid_to),

    change_points as (
        select subject_type, subject_id, service, known_from as changed_on
        from assignments
        union
        select subject_type, subject_id, service, known_to as changed_on
        from assignments
        where known_to < {{ end_of_time() }}
    ),

    stretches as (
        select
            subject_type,
            subject_id,
            service,
            changed_on as known_from,
            coalesce(
                lead(changed_on) over (partition by subject_type, subject_id, service order by changed_on),
                {{ end_of_time() }}
            ) as known_to
        from change_points
    ),

    resolved as (
        select
            stretches.subject_type,
            stretches.subject_id,
            stretches.service,
            stretches.known_from,
            stretches.known_to,
            assignments.partner_id,
            assignments.valid_from,
            least(
                assignments.valid_to,
                coalesce(
                    lead(assignments.valid_from) over (
                        partition by
                            stretches.subject_type, stretches.subject_id, stretches.service, stretches.known_from
                        order by assignments.valid_from, assignments.assignment_id
                    ),
                    assignments.valid_to
                )
            ) as valid_to
        from stretches
        inner join
            assignments
            on stretches.subject_type = assignments.subject_type
            and stretches.subject_id = assignments.subject_id
            and stretches.service = assignments.service
            and stretches.known_from >= assignments.known_from
            and stretches.known_from < assignments.known_to
    )

select subject_type, subject_id, service, partner_id, valid_from, valid_to, known_from, known_to
from resolved
where valid_from < valid_to
