{#- The ranks of partners; a rank's level is its place in the ladder, from 1, the lowest first (rulebook 2.3). -#}

{#- The level of a rank. -#}
{% macro rank_level(code) -%}
    case {{ code }} when 'BRONZE' then 1 when 'SILVER' then 2 when 'GOLD' then 3 when 'PLATINUM' then 4 when 'DIAMOND' then 5 end
{%- endmacro %}

{#- The rank of a level. -#}
{% macro rank_of(level) -%}
    case {{ level }} when 1 then 'BRONZE' when 2 then 'SILVER' when 3 then 'GOLD' when 4 then 'PLATINUM' when 5 then 'DIAMOND' end
{%- endmacro %}
