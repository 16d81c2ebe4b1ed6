-- What is owed as of this run's day: one row an award (rulebook 2), amount > 0.
select
    program_id,
    period,
    beneficiary_type,
    beneficiary_id,
    subject_id,
    component,
    instrument,
    stage,
    terms_version,
    amount_cents,
    evidence,
    as_of
from {{ ref('award_candidates') }}
where amount_cents > 0
