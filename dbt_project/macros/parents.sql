{#- Records and their parents: which are looked at, and from when to when one stood without the other. -#}

{#-
The steps ``<feed>_in_question`` and ``<feed>_rows`` of a query: records of a child feed that name a line in question, or that are
delivered again, and all their versions. Reads the steps lines_in_question and lines_looked_up.
id: the record's key; more: another step of its ids to take.
-#}
{% macro children_in_question(feed, id, more=none) -%}
    {{ feed }}_in_question as (
        select {{ id }}
        from {{ source('delivered', feed) }}
        where line_key in (select lines_in_question.line_key from lines_in_question)
        union
        select {{ id }}
        from {{ source('known_before', feed) }}
        where line_key in (select lines_looked_up.line_key from lines_looked_up)
        union
        select {{ id }}
        from {{ source('known_before', feed) }}
        where {{ id }} in (select again.{{ id }} from {{ source('delivered', feed) }} as again where {{ has_history() }})
        {%- if more %}
        union
        select {{ id }}
        from {{ more }}
        {%- endif %}
    ),

    {{ feed }}_rows as (
        {{ rows_in_question(feed, [id ~ ' as record_id', 'deal_id' if feed == 'deal_redemptions' else 'null as deal_id',
            'line_key', 'order_key', 'updated_at', 'landed_on'], id, feed ~ '_in_question') }}
    )
{%- endmacro %}

{#- All accepted rows whose key stands in a step of the query. -#}
{% macro rows_in_question(feed, columns, key, asked) -%}
    select {{ columns | join(', ') }}
    from {{ source('delivered', feed) }}
    where {{ key }} in (select asked.{{ key }} from {{ asked }} as asked)
    union all
    select {{ columns | join(', ') }}
    from {{ source('known_before', feed) }}
    where {{ key }} in (select asked.{{ key }} from {{ asked }} as asked)
{%- endmacro %}

{#- The day on which each key that stands in a step of the query first landed: one row a key that did. -#}
{% macro first_landings(feed, key, asked) -%}
    select {{ key }}, min(landed_on) as landed_on
    from ({{ rows_in_question(feed, [key, 'landed_on'], key, asked) }}) as landings
    group by {{ key }}
{%- endmacro %}

{#-
The ids of hashed keys that stand in a step of the query: one row a key. A key that is not negative is its id
(``data_contracts/keys.py``), so where ids are plain numbers no row's text is read.
-#}
{% macro hashed_ids(key, id, asked) -%}
    select {{ key }}, min({{ id }}) as {{ id }}
    from (
        {%- for feed in ['order_lines', 'attributions', 'refunds', 'deal_redemptions'] %}
        select {{ key }}, {{ id }}
        from {{ ref('stg_' ~ feed) }}
        where {{ key }} < 0 and {{ key }} in (select asked.{{ key }} from {{ asked }} as asked where asked.{{ key }} < 0)
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as named
    group by {{ key }}
{%- endmacro %}

{#-
The last steps of movements of what holds from a day to a day: + when it begins and - when it ends, one row a knowledge date of this
run's window and what is said. spans: a step with known_from and known_to.
-#}
{% macro turns_of(spans, columns) -%}
    turns as (
        select known_from as known_on, 1 as turn, {{ columns | join(', ') }}
        from {{ spans }}
        union all
        select known_to as known_on, -1 as turn, {{ columns | join(', ') }}
        from {{ spans }}
        where known_to < {{ end_of_time() }}
    )

select known_on, {{ columns | join(', ') }}, {{ total('turn') }} as turn
from turns
where {{ in_run_window('known_on') }}
group by known_on, {{ columns | join(', ') }}
having sum(turn) <> 0
{%- endmacro %}
