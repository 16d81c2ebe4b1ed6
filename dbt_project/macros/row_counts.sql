{#- Says how many rows a table was left with, for whoever started dbt: a hook that runs once the table stands. -#}
{% macro report_rows() -%}
    {%- if execute and model.config.materialized in ('table', 'incremental') -%}
        {%- set counted = run_query('select count(*) from ' ~ this) -%}
        {%- do log('rows ' ~ model.name ~ ' ' ~ counted.columns[0][0], info=true) -%}
    {%- endif -%}
{%- endmacro %}
