-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select member_id, signed_up_at, country, is_employee, device_hash, payment_hash, updated_at, landed_on
from {{ source('accepted', 'members') }}
