{#-
Fails with each key that stands on more than one row, or has a null in it: the grain of a model. touched: of a mart that is kept,
what touches it; where a run continues, only rows of the day's touched keys are new, and looked at.
-#}
{% test grain(model, columns, touched=none) %}
select {{ columns | join(', ') }}, count(*) as found
from {% if touched is none %}{{ model }}{% else %}({{ rows_of_kept(model, columns, columns, ref(touched)) }}) as made_anew{% endif %}
group by {{ columns | join(', ') }}
having count(*) > 1
{%- for column in columns %} or {{ column }} is null{% endfor %}
{% endtest %}
