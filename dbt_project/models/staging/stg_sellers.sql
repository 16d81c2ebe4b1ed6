-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select seller_id, name, size_class, onboarded_at, payee_id, tax_form_on_file, updated_at, landed_on
from {{ source('accepted', 'sellers') }}
