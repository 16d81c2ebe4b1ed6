{{ config(materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail') }}
-- GMV of lines that a partner matched: one row a knowledge date, paid day and matching partner (rulebook 1, matched
-- GMV).
select
    known_on,
    gmv_date,
    matched_by_partner_id as partner_id,
    {{ total('gross_cents') }} as gross_cents,
    {{ total('net_cents') }} as net_cents
from {{ ref('line_movements') }}
where matched_by_partner_id is not null
group by known_on, gmv_date, matched_by_partner_id
having sum(gross_cents) <> 0 or sum(net_cents) <> 0
