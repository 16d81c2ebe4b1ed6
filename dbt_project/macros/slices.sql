{#-
A cube of the whole marketplace has nearly as many rows as the lines it is made of, and its sums do not fit in memory at once. So a
model that says in meta by which column of its keys it may be taken apart is worked out slice by slice where it is large: each slice
is the rows of some of the keys, so that no sum is ever split. An engine that takes its own work apart needs none of this.
-#}
{#- The condition that a row is of the slice at work. As it stands here it holds of every row: one slice is all. -#}
{% macro in_slice(column) -%}
    true /* in slice by {{ column }} */
{%- endmacro %}

{#- A model's statement, as dbt writes it, for its first slice; then the other slices are added. -#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
    {%- set slices = _slices() -%}
    {{ dbt.duckdb__create_table_as(
        temporary, relation, _slice(compiled_code, 0, slices), language, partitioned_by, sorted_by
    ) }}
    {%- for number in range(1, slices) %}
    insert into {{ relation.include(database=(not temporary), schema=(not temporary)) }} by name
        {{ _slice(compiled_code, number, slices) }}
        ;
    {%- endfor %}
{%- endmacro %}

{% macro _slice(compiled_code, number, slices) -%}
    {%- if slices == 1 -%}
    {{ compiled_code }}
    {%- else -%}
        {%- set column = config.get('meta')['sliced']['by'] -%}
        {{ compiled_code | replace(in_slice(column), 'hash(' ~ column ~ ') % ' ~ slices ~ ' = ' ~ number) }}
    {%- endif -%}
{%- endmacro %}

{#- How many: as many as it takes for a slice's sums, at some 600 bytes a row that is read, to stay within the memory that is set. -#}
{% macro _slices() -%}
    {%- set sliced = config.get('meta', {}).get('sliced') -%}
    {%- if not sliced -%} {{ return(1) }}{%- endif -%}
    {%- set counted = run_query(
        "select 1 + cast(count(*) * 600 / (
            cast(regexp_extract(current_setting('memory_limit'), '[0-9.]+') as decimal(18, 3))
            * case regexp_extract(current_setting('memory_limit'), '[A-Z]')
                when 'T' then 1099511627776 when 'G' then 1073741824 when 'M' then 1048576 else 1024 end
        ) as bigint) from " ~ ref(sliced['rows_of'])
    ) -%}
    {%- set slices = counted.columns[0][0] | int -%}
    {%- if slices > 1 -%} {%- do log(model.name ~ ' in ' ~ slices ~ ' slices', info=true) -%} {%- endif -%}
    {{ return(slices) }}
{%- endmacro %}

{#- A check's statement, as dbt writes it, over what its slices find one after the other. -#}
{% macro duckdb__get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) -%}
    {%- set slices = _slices() -%}
    {%- if slices == 1 -%} {{ dbt.default__get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) }}
    {%- else -%}
    create or replace temporary table found_in_slices as {{ _slice(main_sql, 0, slices) }};
        {%- for number in range(1, slices) %}
    insert into found_in_slices by name {{ _slice(main_sql, number, slices) }};
        {%- endfor %}
        {{ dbt.default__get_test_sql('select * from found_in_slices', fail_calc, warn_if, error_if, limit) }}
    {%- endif -%}
{%- endmacro %}
