{#- All arithmetic on money: whole cents in BIGINT, each division floored once, where the rulebook writes it. -#}

{#-
A sum of cents (or counts) as BIGINT, 0 where there is nothing to sum. DuckDB adds in 128 bits. Spark adds in BIGINT, and refuses
what does not fit where spark.sql.ansi.enabled is on, as it must be.
-#}
{% macro total(amount) -%}
    cast(coalesce(sum({{ amount }}), 0) as bigint)
{%- endmacro %}

{#- A sum over the rows where the condition holds. -#}
{% macro total_where(amount, condition) -%}
    cast(coalesce(sum(case when {{ condition }} then {{ amount }} end), 0) as bigint)
{%- endmacro %}

{#- floor(dividend / divisor) for whole numbers of any sign and a positive divisor. -#}
{% macro floor_divide(dividend, divisor) -%}
    {{ adapter.dispatch('floor_divide', 'incentives')(dividend, divisor) }}
{%- endmacro %}

{% macro default__floor_divide(dividend, divisor) -%}
    cast((({{ dividend }}) - ((({{ dividend }}) % ({{ divisor }})) + ({{ divisor }})) % ({{ divisor }})) // ({{ divisor }}) as bigint)
{%- endmacro %}

{% macro spark__floor_divide(dividend, divisor) -%}
    cast((({{ dividend }}) - pmod({{ dividend }}, {{ divisor }})) div ({{ divisor }}) as bigint)
{%- endmacro %}

{#- A whole number with room for a product. -#}
{% macro wide(amount) -%}
    {{ adapter.dispatch('wide', 'incentives')(amount) }}
{%- endmacro %}

{% macro default__wide(amount) -%}
    cast({{ amount }} as hugeint)
{%- endmacro %}

{% macro spark__wide(amount) -%}
    cast({{ amount }} as decimal(38, 0))
{%- endmacro %}

{#- part / whole in basis points, floored; null where there is no whole. -#}
{% macro basis_points(part, whole) -%}
    case when ({{ whole }}) > 0 then {{ floor_divide(wide(part) ~ ' * 10000', whole) }} end
{%- endmacro %}

{#- An amount for each thousand of a count, floored; null where there is none. -#}
{% macro per_thousand(amount, count) -%}
    case when ({{ count }}) > 0 then {{ floor_divide(wide(amount) ~ ' * 1000', count) }} end
{%- endmacro %}
