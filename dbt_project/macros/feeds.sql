-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
{% macro feeds() -%}
    {{ return(['orders', 'order_lines', 'attributions', 'refunds', 'members', 'referral_events', 'live_sessions', 'short_videos', 'sellers', 'creators', 'partners', 'assignments', 'partner_ranks', 'program_lists', 'deals', 'deal_redemptions', 'ad_spend']) }}
{%- endmacro %}
