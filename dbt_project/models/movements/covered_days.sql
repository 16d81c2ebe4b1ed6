{{ config(materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail') }}
-- Which knowledge dates the movements cover, empty ones too: one row a day. Posting refuses where a day since the
-- first delivery is missing.
select cast(days.known_on as date) as known_on
from {{ source('context', 'run_window') }} as run_window
cross join
    lateral(
        select
            unnest(
                generate_series(
                    greatest(run_window.known_from + 1, coalesce(run_window.earliest, run_window.known_from + 1)),
                    run_window.known_through,
                    interval 1 day
                )
            ) as known_on
    ) as days
