-- Broken rows: one row a broken row of a delivery, with its first broken column and all broken rules.
select feed, landed_on, file, row_number, {{ adapter.quote('column') }}, rule, all_rules, raw
from {{ source('context', 'quarantine') }}
