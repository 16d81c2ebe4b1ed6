-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select seller_id, spend_on, cash_spend_cents, credit_spend_cents, attributed_gmv_cents, updated_at, landed_on
from {{ source('accepted', 'ad_spend') }}
