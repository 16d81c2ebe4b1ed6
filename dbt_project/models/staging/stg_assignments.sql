-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select assignment_id, partner_id, subject_type, subject_id, service, valid_from, valid_to, updated_at, landed_on
from {{ source('accepted', 'assignments') }}
