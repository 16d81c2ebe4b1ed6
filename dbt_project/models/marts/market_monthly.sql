-- The whole market by calendar month and by rolling twelve calendar months (rulebook 2.10): paid days up to the as-of
-- day. Compared with the same period a year before: of an unfinished month the same days only, also inside a rolling
-- year. A ratio is null where the earlier period has no counting line or sums to 0, or, for a rolling year, has no row
-- of its own. Advertising: what shops spent on the days of the period, and the GMV that the advertising system claims.
{%- set measures = [
    'gross_cents', 'net_cents', 'units', 'orders', 'net_small_cents', 'net_medium_cents', 'net_large_cents',
    'net_unknown_cents', 'net_live_cents', 'net_short_video_cents', 'net_affiliate_cents'
] %}
{%- set advertising = ['cash_spend_cents', 'credit_spend_cents', 'attributed_gmv_cents'] %}
{%- set compared = {'gross': 'gross_cents', 'net': 'net_cents', 'units': 'units', 'orders': 'orders'} %}
{%- set shares = ['small', 'medium', 'large', 'unknown', 'live', 'short_video', 'affiliate'] %}
with
    sellers as ({{ latest_known(ref('stg_sellers'), 'seller_id', as_of()) }}),

    lines as (
        select
            gmv.gmv_date,
            gmv.gross_cents,
            gmv.net_cents,
            gmv.units,
            cast(0 as bigint) as orders,
            case when sellers.size_class = 'SMALL' then gmv.net_cents else 0 end as net_small_cents,
            case when sellers.size_class = 'MEDIUM' then gmv.net_cents else 0 end as net_medium_cents,
            case when sellers.size_class = 'LARGE' then gmv.net_cents else 0 end as net_large_cents,
            case when sellers.size_class is null then gmv.net_cents else 0 end as net_unknown_cents,
            case when gmv.content_type = 'LIVE' then gmv.net_cents else 0 end as net_live_cents,
            gmv.short_video_net_cents as net_short_video_cents,
            gmv.affiliate_net_cents as net_affiliate_cents
        from {{ ref('gmv_daily') }} as gmv
        left join sellers on gmv.seller_id = sellers.seller_id
        where gmv.gmv_date <= {{ as_of() }}
        union all
        select gmv_date, 0, 0, 0, orders, 0, 0, 0, 0, 0, 0, 0
        from {{ ref('market_order_movements') }}
        where gmv_date <= {{ as_of() }}
    ),

    days as (
        select
            gmv_date,
            {{ month_of('gmv_date') }} as month
            {%- for measure in measures %}, {{ total(measure) }} as {{ measure }} {%- endfor %}
        from lines
        group by gmv_date
        having sum(units) <> 0
    ),

    calendar as (
        select
            months.month,
            -- The last day of the month that counts, and the same day a year before (29 February has none: the 28th).
            least({{ plus_days(plus_months('months.month', 1), -1) }}, {{ as_of() }}) as last_day
        from
            (
                select {{ each_date('first_month', month_of(as_of()), 'month') }} as month
                from (select min(month) as first_month from days) as bounds
                where first_month is not null
            ) as months
    ),

    periods as (
        select month, false as is_rolling, month as first_day, last_day, true as has_own_row
        from calendar
        union all
        select
            calendar.month,
            true as is_rolling,
            {{ plus_months('calendar.month', -11) }} as first_day,
            calendar.last_day,
            {{ plus_months('calendar.month', -23) }} >= bounds.first_month as has_own_row
        from calendar
        cross join (select min(month) as first_month from calendar) as bounds
        where {{ plus_months('calendar.month', -11) }} >= bounds.first_month
    ),

    windows as (
        select month, is_rolling, 0 as years_before, first_day, last_day
        from periods
        union all
        select
            month,
            is_rolling,
            1 as years_before,
            {{ plus_months('first_day', -12) }} as first_day,
            -- A whole month is compared with the whole month: 28 February with 29 February.
            case
                when last_day = {{ plus_days(plus_months('month', 1), -1) }}
                then {{ plus_days(plus_months('month', -11), -1) }}
                else {{ plus_months('last_day', -12) }}
            end as last_day
        from periods
        where has_own_row
    ),

    figures as (
        select
            windows.month,
            windows.is_rolling,
            windows.years_before
            {%- for measure in measures %}, {{ total('days.' ~ measure) }} as {{ measure }} {%- endfor %}
        from windows
        left join days on days.gmv_date >= windows.first_day and days.gmv_date <= windows.last_day
        group by windows.month, windows.is_rolling, windows.years_before
    ),

    advertised as (
        select
            periods.month,
            periods.is_rolling
            {%- for amount in advertising %}, {{ total('spend.' ~ amount) }} as {{ amount }} {%- endfor %}
        from periods
        left join
            {{ ref('ad_spend_daily') }} as spend
            on spend.spend_on >= periods.first_day
            and spend.spend_on <= periods.last_day
        group by periods.month, periods.is_rolling
    )

select
    present.month,
    present.is_rolling,
    present.gross_cents,
    present.net_cents,
    present.units,
    present.orders
    {%- for name, measure in compared.items() %}
        , {{ basis_points('present.' ~ measure, 'earlier.' ~ measure) }} as {{ name }}_yoy_bps
    {%- endfor %}
    {%- for share in shares %}
        , {{ basis_points('present.net_' ~ share ~ '_cents', 'present.net_cents') }} as net_{{ share }}_bps
    {%- endfor %},
    advertised.cash_spend_cents,
    advertised.credit_spend_cents,
    advertised.attributed_gmv_cents,
    {{ basis_points('advertised.attributed_gmv_cents', 'advertised.cash_spend_cents + advertised.credit_spend_cents') }}
    as attributed_gmv_per_ad_dollar_bps
from figures as present
left join
    figures as earlier
    on present.month = earlier.month
    and present.is_rolling = earlier.is_rolling
    and earlier.years_before = 1
inner join advertised on present.month = advertised.month and present.is_rolling = advertised.is_rolling
where present.years_before = 0
