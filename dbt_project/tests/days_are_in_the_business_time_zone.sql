-- The session in which days are cut has the deployment's time zone.
-- depends_on: {{ ref('gmv_daily') }}
{{ config(tags=['money'], meta={'dagster': {'ref': {'name': 'gmv_daily'}}}) }}
select time_zone
from {{ source('context', 'run_window') }}
where time_zone <> {{ session_time_zone() }}
