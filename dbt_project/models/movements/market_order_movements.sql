{{ config(materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail') }}
-- Distinct orders of the whole market: one row a knowledge date and paid day. An order has one paid day, so days may
-- be summed.
{{ presence_movements(['gmv_date']) }}

select known_on, gmv_date, {{ total('turn') }} as orders
from turns
where turn <> 0 and {{ in_run_window('known_on') }}
group by known_on, gmv_date
having sum(turn) <> 0
