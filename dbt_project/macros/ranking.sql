{#-
A ranking by month: net descending, then gross, then id; share of the month's net in basis points; the rank a month before.
figures: a relation with month, the id, gross_cents and net_cents.
-#}
{% macro monthly_ranking(figures, id) -%}
ranked as (
    select
        month,
        row_number() over (partition by month order by net_cents desc, gross_cents desc, {{ id }}) as rank,
        {{ id }},
        gross_cents,
        net_cents,
        cast(sum(net_cents) over (partition by month) as bigint) as month_net_cents
    from {{ figures }}
)

select
    ranked.month,
    ranked.rank,
    ranked.{{ id }},
    ranked.gross_cents,
    ranked.net_cents,
    {{ basis_points('ranked.net_cents', 'ranked.month_net_cents') }} as share_bps,
    previous.rank as previous_rank
from ranked
left join ranked as previous
    on ranked.{{ id }} = previous.{{ id }}
    and previous.month = {{ plus_months('ranked.month', -1) }}
{%- endmacro %}
