{#- Versions of records as intervals of knowledge [known_from, known_to), and what a run's window is. -#}

{#-
Intervals of knowledge as the last two steps of a query, one row a key and version that ever held.
versions: a step with the key, the columns, updated_at and landed_on. A version that lands with an older updated_at than one
before it opens no interval; neighbours with equal columns are one interval. Most keys have one version, which holds from its
landing on; only the others are ordered.
-#}
{% macro knowledge_intervals(versions, key, columns) -%}
    several_versions as (select {{ key }} from {{ versions }} group by {{ key }} having count(*) > 1),

    knowledge_intervals as (
        select {{ key }}, {{ columns | join(', ') }}, landed_on as known_from, {{ end_of_time() }} as known_to
        from {{ versions }}
        where not exists (
            select 1 from several_versions where several_versions.{{ key }} = {{ versions }}.{{ key }}
        )
        union all
        select
            {{ key }},
            {{ columns | join(', ') }},
            landed_on as known_from,
            coalesce(lead(landed_on) over (partition by {{ key }} order by landed_on), {{ end_of_time() }}) as known_to
        from (
            select
                *,
                lag(landed_on) over (partition by {{ key }} order by landed_on) is null
                {%- for column in columns %}
                or {{ column }} is distinct from lag({{ column }}) over (partition by {{ key }} order by landed_on)
                {%- endfor %} as is_change
            from (
                select
                    *,
                    max(updated_at) over (
                        partition by {{ key }} order by landed_on rows between unbounded preceding and 1 preceding
                    ) as newest_before
                from {{ versions }}
                where {{ key }} in (select several_versions.{{ key }} from several_versions)
            ) as ordered_versions
            where newest_before is null or updated_at >= newest_before
        ) as held_versions
        where is_change
    )
{%- endmacro %}

{#- Whether anything was known before this run's window: where nothing was, there is nothing to look up by key. -#}
{% macro has_history() -%}
    (select known_from >= earliest from {{ source('context', 'run_window') }})
{%- endmacro %}

{#-
All accepted rows of what this run touches: whatever it delivers, and of earlier days the rows with a touched key. Of a window
that begins with the first delivery there is nothing before, and no key is looked up.
touched: a relation with the key.
-#}
{% macro rows_of_touched(feed, columns, key, touched) -%}
    select {{ columns | join(', ') }}
    from {{ source('delivered', feed) }}
    union all
    select {{ columns | join(', ') }}
    from {{ source('known_before', feed) }}
    where {{ key }} in (select touched.{{ key }} from {{ touched }} as touched where {{ has_history() }})
{%- endmacro %}

{#- Of each key the version that holds as known on a day: the greatest updated_at, then landed_on. -#}
{% macro latest_known(versions, key, cut_off, newest='updated_at desc, landed_on desc') -%}
    select * from (
        select *, row_number() over (partition by {{ key }} order by {{ newest }}) as newest_first
        from {{ versions }}
        where landed_on <= {{ cut_off }}
    ) as ranked_versions
    where newest_first = 1
{%- endmacro %}

{#- Whether a knowledge date lies in this run's window (known_from, known_through]. -#}
{% macro in_run_window(known_on) -%}
    {{ known_on }} > (select known_from from {{ source('context', 'run_window') }})
    and {{ known_on }} <= (select known_through from {{ source('context', 'run_window') }})
{%- endmacro %}

{#- The as-of day of this run. -#}
{% macro as_of() -%}
    (select as_of from {{ source('context', 'run_window') }})
{%- endmacro %}

{#-
Incremental strategy: a run replaces its own known_on partitions, in one transaction, and whatever a run that did not finish
left after them. Nothing is merged, so nothing is lost to duplicates, and a re-run after a crash leaves the same rows.
-#}
{% macro get_incremental_replace_window_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }}
    where known_on > (select known_from from {{ source('context', 'run_window') }});
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
