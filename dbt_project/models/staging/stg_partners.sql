-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select partner_id, partner_type, name, payee_id, tax_form_on_file, updated_at, landed_on
from {{ source('accepted', 'partners') }}
