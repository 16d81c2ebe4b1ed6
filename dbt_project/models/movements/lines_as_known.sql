{{ config(materialized='table_function', parameters=['k'], contract={'enforced': false}) }}
-- The counting lines as known on day k, for those who ask why: one row a line.
{{ lines_as_known('all', 'cast(k as date)', ids=['order_id', 'order_line_id']) }}
