{#-
What differs between engines, and nothing else: each macro says it in DuckDB's words (default__) and in Spark's (spark__). Days
are dates and moments are points in time; both engines cut days in the session's time zone, which is the deployment's.
-#}

{#- The business day of a moment. -#}
{% macro business_date(moment) -%}
    cast({{ moment }} as date)
{%- endmacro %}

{#- The open end of an interval of knowledge. -#}
{% macro end_of_time() -%}
    date '9999-12-31'
{%- endmacro %}

{#- The time zone in which the session cuts days. -#}
{% macro session_time_zone() -%}
    {{ adapter.dispatch('session_time_zone', 'incentives')() }}
{%- endmacro %}

{% macro default__session_time_zone() -%}
    current_setting('TimeZone')
{%- endmacro %}

{% macro spark__session_time_zone() -%}
    current_timezone()
{%- endmacro %}

{#- A moment plus whole seconds. Not Spark's intervals: it takes 86,400 seconds for a calendar day, whatever the clocks do. -#}
{% macro plus_seconds(moment, seconds) -%}
    {{ adapter.dispatch('plus_seconds', 'incentives')(moment, seconds) }}
{%- endmacro %}

{% macro default__plus_seconds(moment, seconds) -%}
    ({{ moment }} + to_seconds({{ seconds }}))
{%- endmacro %}

{% macro spark__plus_seconds(moment, seconds) -%}
    timestamp_micros(unix_micros({{ moment }}) + ({{ seconds }}) * 1000000)
{%- endmacro %}

{#- A date plus whole days. -#}
{% macro plus_days(day, days) -%}
    {{ adapter.dispatch('plus_days', 'incentives')(day, days) }}
{%- endmacro %}

{% macro default__plus_days(day, days) -%}
    cast({{ day }} + cast({{ days }} as integer) as date)
{%- endmacro %}

{% macro spark__plus_days(day, days) -%}
    date_add({{ day }}, cast({{ days }} as int))
{%- endmacro %}

{#- Whole days from one date to another, as BIGINT. Between dates Spark's minus is an interval. -#}
{% macro days_from(first, last) -%}
    {{ adapter.dispatch('days_from', 'incentives')(first, last) }}
{%- endmacro %}

{% macro default__days_from(first, last) -%}
    cast({{ last }} - {{ first }} as bigint)
{%- endmacro %}

{% macro spark__days_from(first, last) -%}
    cast(datediff({{ last }}, {{ first }}) as bigint)
{%- endmacro %}

{#- First day of the month of a date. -#}
{% macro month_of(day) -%}
    {{ adapter.dispatch('month_of', 'incentives')(day) }}
{%- endmacro %}

{% macro default__month_of(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}

{% macro spark__month_of(day) -%}
    trunc({{ day }}, 'month')
{%- endmacro %}

{#- A date moved by whole calendar months, at most to the last day of the month. -#}
{% macro plus_months(day, months) -%}
    {{ adapter.dispatch('plus_months', 'incentives')(day, months) }}
{%- endmacro %}

{% macro default__plus_months(day, months) -%}
    cast({{ day }} + to_months({{ months }}) as date)
{%- endmacro %}

{% macro spark__plus_months(day, months) -%}
    add_months({{ day }}, {{ months }})
{%- endmacro %}

{#- One row a date from the first to the last, by 'day' or 'month'; none where the last is before the first. -#}
{% macro each_date(first, last, step) -%}
    {{ adapter.dispatch('each_date', 'incentives')(first, last, step) }}
{%- endmacro %}

{% macro default__each_date(first, last, step) -%}
    cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 {{ step }})) as date)
{%- endmacro %}

{% macro spark__each_date(first, last, step) -%}
    explode(case when {{ first }} <= {{ last }} then sequence({{ first }}, {{ last }}, interval 1 {{ step }}) end)
{%- endmacro %}

{#- One JSON object of named figures, in the order given; a figure that is null stands in it as null. -#}
{% macro evidence(figures) -%}
    {{ adapter.dispatch('evidence', 'incentives')(figures) }}
{%- endmacro %}

{% macro default__evidence(figures) -%}
    cast(json_object(
    {%- for name, expression in figures.items() %}
        '{{ name }}', {{ expression }}{{ ',' if not loop.last }}
    {%- endfor %}
    ) as varchar)
{%- endmacro %}

{#- Moments as DuckDB writes them in zones of whole hours, to the second; Spark leaves nulls out unless told. -#}
{% macro spark__evidence(figures) -%}
    to_json(named_struct(
    {%- for name, expression in figures.items() %}
        '{{ name }}', {{ expression }}{{ ',' if not loop.last }}
    {%- endfor %}
    ), map('ignoreNullFields', 'false', 'timestampFormat', 'yyyy-MM-dd HH:mm:ssx'))
{%- endmacro %}

{#- Whole minutes between two moments, the second not before the first. -#}
{% macro whole_minutes(start, end) -%}
    {{ floor_divide(microseconds(end) ~ ' - ' ~ microseconds(start), 60000000) }}
{%- endmacro %}

{#- A moment as whole microseconds since 1970, UTC. -#}
{% macro microseconds(moment) -%}
    {{ adapter.dispatch('microseconds', 'incentives')(moment) }}
{%- endmacro %}

{% macro default__microseconds(moment) -%}
    epoch_us({{ moment }})
{%- endmacro %}

{% macro spark__microseconds(moment) -%}
    unix_micros({{ moment }})
{%- endmacro %}

{#- One row a distinct word of a blank-separated text. -#}
{% macro each_word(text) -%}
    {{ adapter.dispatch('each_word', 'incentives')(text) }}
{%- endmacro %}

{% macro default__each_word(text) -%}
    unnest(list_distinct(list_filter(regexp_split_to_array({{ text }}, '\s+'), word -> word <> '')))
{%- endmacro %}

{% macro spark__each_word(text) -%}
    explode(array_distinct(filter(split({{ text }}, '\\s+'), word -> word <> '')))
{%- endmacro %}

{#-
What was drawn on budgets up to and including this row, of rows in order: each draws what it asks for, at most what its own budget
leaves above what was drawn before, and never less than nothing. All whole cents, not below 0.
-#}
{% macro running_draw(requested, budget, partition_by, order_by) -%}
    {{ adapter.dispatch('running_draw', 'incentives')(requested, budget, partition_by, order_by) }}
{%- endmacro %}

{#- The sum so far goes through the list in a struct of the list's own type. -#}
{% macro default__running_draw(requested, budget, partition_by, order_by) -%}
    list_reduce(
        list({'drawn': cast(0 as bigint), 'requested': {{ requested }}, 'budget': {{ budget }}}) over (
            partition by {{ partition_by }} order by {{ order_by }} rows between unbounded preceding and current row
        ),
        lambda so_far, next: {
            'drawn': greatest(so_far.drawn, least(so_far.drawn + next.requested, next.budget)),
            'requested': next.requested,
            'budget': next.budget
        },
        {'drawn': cast(0 as bigint), 'requested': cast(0 as bigint), 'budget': cast(0 as bigint)}
    ).drawn
{%- endmacro %}

{% macro spark__running_draw(requested, budget, partition_by, order_by) -%}
    aggregate(
        collect_list(named_struct('requested', {{ requested }}, 'budget', {{ budget }})) over (
            partition by {{ partition_by }} order by {{ order_by }} rows between unbounded preceding and current row
        ),
        cast(0 as bigint),
        (so_far, next) -> greatest(so_far, least(so_far + next.requested, next.budget))
    )
{%- endmacro %}

{#- Texts of a group one after the other, with commas between, in an order that has no ties; null where there is none. -#}
{% macro listed(text, place) -%}
    {{ adapter.dispatch('listed', 'incentives')(text, place) }}
{%- endmacro %}

{% macro default__listed(text, place) -%}
    string_agg({{ text }}, ', ' order by {{ place }})
{%- endmacro %}

{% macro spark__listed(text, place) -%}
    nullif(
        array_join(transform(array_sort(collect_list(named_struct('place', {{ place }}, 'text', {{ text }}))), one -> one.text), ', '),
        ''
    )
{%- endmacro %}
