{{ config(materialized='incremental', incremental_strategy='replace_window', full_refresh=false, on_schema_change='fail') }}
-- What each delivery day added to and took from the market's advertising: one row a knowledge date and day of spending.
{%- set amounts = ['cash_spend_cents', 'credit_spend_cents', 'attributed_gmv_cents'] %}
with
    touched as (
        select distinct seller_id, spend_on from {{ ref('stg_ad_spend') }} where {{ in_run_window('landed_on') }}
    ),

    -- One row a shop, day of spending and delivery: whoever was not touched does not move.
    versions as (
        select spend.*
        from {{ ref('stg_ad_spend') }} as spend
        inner join touched on spend.seller_id = touched.seller_id and spend.spend_on = touched.spend_on
    ),

    intervals as ({{ knowledge_intervals('versions', 'seller_id, spend_on', amounts) }}),

    signed as (
        select known_from as known_on, spend_on, {{ amounts | join(', ') }}
        from intervals
        where {{ in_run_window('known_from') }}
        union all
        select known_to, spend_on, - {{ amounts | join(', - ') }}
        from intervals
        where {{ in_run_window('known_to') }}
    )

select known_on, spend_on {%- for amount in amounts %}, {{ total(amount) }} as {{ amount }} {%- endfor %}
from signed
group by known_on, spend_on
having {% for amount in amounts %} sum({{ amount }}) <> 0 {{ 'or ' if not loop.last }}{% endfor %}
