{#- What differs between engines, and nothing else. -#}

{#- The business day of a moment: the session's time zone is the deployment's. -#}
{% macro business_date(moment) -%}
    cast({{ moment }} as date)
{%- endmacro %}

{#- The open end of an interval of knowledge. -#}
{% macro end_of_time() -%}
    date '9999-12-31'
{%- endmacro %}

{#- A moment plus whole seconds. -#}
{% macro plus_seconds(moment, seconds) -%}
    ({{ moment }} + to_seconds({{ seconds }}))
{%- endmacro %}

{#- A date plus whole days. -#}
{% macro plus_days(day, days) -%}
    cast({{ day }} + cast({{ days }} as integer) as date)
{%- endmacro %}

{#- First day of the month of a date. -#}
{% macro month_of(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}

{#- A date moved by whole calendar months. -#}
{% macro plus_months(day, months) -%}
    cast({{ day }} + to_months({{ months }}) as date)
{%- endmacro %}

{#- One JSON object of named figures, in the order given. -#}
{% macro evidence(figures) -%}
    cast(json_object(
    {%- for name, expression in figures.items() %}
        '{{ name }}', {{ expression }}{{ ',' if not loop.last }}
    {%- endfor %}
    ) as varchar)
{%- endmacro %}

{#- Whole minutes between two moments, the second not before the first. -#}
{% macro whole_minutes(start, end) -%}
    {{ floor_divide('epoch_us(' ~ end ~ ') - epoch_us(' ~ start ~ ')', 60000000) }}
{%- endmacro %}

{#- One row a distinct word of a blank-separated text. -#}
{% macro each_word(text) -%}
    unnest(list_distinct(list_filter(regexp_split_to_array({{ text }}, '\s+'), word -> word <> '')))
{%- endmacro %}
