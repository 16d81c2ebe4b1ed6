{#- Versions of records as intervals of knowledge [known_from, known_to), and what a run's window is. -#}

{#-
Intervals of knowledge as the last three steps of a query, one row a key and version that ever held.
versions: a step, or a query in parentheses, with the key, the columns, updated_at and landed_on. A version that lands with an
older updated_at than one before it opens no interval; neighbours with equal columns are one interval. Most keys have one version,
which holds from its landing on; only the others are ordered. A query is read three times, by its key alone at first: a step that is
used more than once would be held whole.
-#}
{% macro knowledge_intervals(versions, key, columns) -%}
    landings as (
        select {{ key }}, min(landed_on) as first_landed_on, count(*) as version_count
        from {{ versions }} as versions
        group by {{ key }}
    ),

    several_versions as (select {{ key }} from landings where version_count > 1),

    knowledge_intervals as (
        select {{ key }}, {{ columns | join(', ') }}, landed_on as known_from, {{ end_of_time() }} as known_to
        from {{ versions }} as versions
        where not exists (
            select 1 from several_versions where several_versions.{{ key }} = versions.{{ key }}
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
                from {{ versions }} as versions
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

{#- All accepted rows of what this run touches: whatever it delivers, and of earlier days the rows that were looked up. -#}
{% macro rows_of_touched(feed, columns) -%}
    select {{ columns | join(', ') }}
    from {{ source('delivered', feed) }}
    union all
    select {{ columns | join(', ') }}
    from {{ ref('earlier_' ~ feed) }}
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

{#-
Marts that are kept: where a run continues, they stand as known before its window, and only rows of keys that the window touches
are made anew, from everything known of those keys. Where it does not, they are not there, and all of them is made anew.
touched: a relation with known_on and the keys.
-#}
{% macro continues() -%}
    exists (select 1 from {{ source('context', 'run_window') }} as run_window where run_window.continues)
{%- endmacro %}

{% macro begins_anew() -%}
    exists (select 1 from {{ source('context', 'run_window') }} as run_window where not run_window.continues)
{%- endmacro %}

{#-
What a kept mart is made of: the rows of touched keys, or all of them. In two branches, of which an engine leaves the other one out.
-#}
{% macro rows_of_kept(relation, columns, keys, touched, touched_keys=keys) -%}
    select {{ columns | join(', ') }}
    from {{ relation }}
    where {{ begins_anew() }}
    union all
    select {{ columns | join(', ') }}
    from {{ relation }}
    where ({{ keys | join(', ') }}) in (
        select {{ touched_keys | join(', ') }} from {{ touched }} where ({{ in_run_window('known_on') }}) and {{ continues() }}
    )
{%- endmacro %}

{#-
Incremental strategy: rows of touched keys go, and what the model says of those keys comes, in one transaction. A model names what
touches it in meta; only a run that continues finds its relation there.
-#}
{% macro get_incremental_replace_touched_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | join(', ') -%}
    {%- set keys = arg_dict['unique_key'] | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }}
    where ({{ keys }}) in (select {{ keys }} from {{ ref(config.get('meta')['touched']) }} where {{ in_run_window('known_on') }});
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
