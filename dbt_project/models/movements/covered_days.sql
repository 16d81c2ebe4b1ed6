{{ config(materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail') }}
-- Which knowledge dates the movements cover, empty ones too: one row a day. Posting refuses where a day since the
-- first delivery is missing.
{%- set next_day = plus_days('known_from', 1) %}
select
    {{ each_date('greatest(' ~ next_day ~ ', coalesce(earliest, ' ~ next_day ~ '))', 'known_through', 'day') }}
    as known_on
from {{ source('context', 'run_window') }}
