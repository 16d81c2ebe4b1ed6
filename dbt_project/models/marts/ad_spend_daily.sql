-- The market's advertising by day of spending, as known now: one row a day. Made anew each time and not from movements,
-- since a refused delivery of this feed may be replaced after its day was processed (landing contract, Deliveries).
select
    spend_on,
    {{ total('cash_spend_cents') }} as cash_spend_cents,
    {{ total('credit_spend_cents') }} as credit_spend_cents,
    {{ total('attributed_gmv_cents') }} as attributed_gmv_cents
from ({{ latest_known(ref('stg_ad_spend'), 'seller_id, spend_on', as_of()) }}) as known_spend
group by spend_on
