-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select list_id, subject_id, added_at, removed_at, updated_at, landed_on from {{ source('accepted', 'program_lists') }}
