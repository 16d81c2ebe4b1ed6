{{ config(
    materialized='incremental', incremental_strategy='replace_touched', unique_key=['known_on'],
    meta={'touched': 'covered_days'}, full_refresh=false, on_schema_change='fail'
) }}
-- depends_on: {{ ref('covered_days') }}
-- What each delivery day added to and took from hashtag_monthly: one row a knowledge date, month and hashtag. The
-- movements of contents times the hashtags that they were known by: a sale counts from the later of the two and leaves
-- with the hashtags. Kept like a mart, and not by window: a refused delivery of videos may be replaced after its day
-- was processed, and then all of this is made anew.
{%- set feeds = {
    'VIDEO': {'name': 'videos', 'feed': 'short_videos', 'id': 'video_id', 'at': 'posted_at', 'views': 'views'},
    'LIVE': {'name': 'lives', 'feed': 'live_sessions', 'id': 'live_id', 'at': 'started_at', 'views': 'viewers'},
} %}
{%- set amounts = ['videos', 'lives', 'views', 'gross_cents', 'net_cents', 'units'] %}
{%- set of_sales = ['content_type', 'content_id', 'known_on', 'gmv_date', 'gross_cents', 'net_cents', 'units'] %}
with
    {%- for content_type, of in feeds.items() %}
        {{ of.name }} as (
            {{ rows_of_kept(ref('stg_' ~ of.feed), [
                of.id ~ ' as content_id',
                month_of(business_date(of.at)) ~ ' as month',
                'coalesce(' ~ of.views ~ ', 0) as views',
                'hashtags',
                'updated_at',
                'landed_on'
            ], [of.id], ref('touched_' ~ of.name)) }}
        ),

        described_{{ of.name }} as (
            with {{ knowledge_intervals(of.name, 'content_id', ['month', 'views', 'hashtags']) }}
            select content_id, month, views, hashtags, known_from, known_to
            from knowledge_intervals
            where hashtags is not null
        ),
    {%- endfor %}

    described as (
        select
            'VIDEO' as content_type, content_id, month, 1 as videos, 0 as lives, views, hashtags, known_from, known_to
        from described_videos
        union all
        select 'LIVE' as content_type, content_id, month, 0 as videos, 1 as lives, views, hashtags, known_from, known_to
        from described_lives
    ),

    -- Whose earlier sales are looked at again: the others only sold.
    described_anew as (
        select known_from as known_on, content_type, content_id
        from described
        where ({{ in_run_window('known_from') }}) and {{ continues() }}
        union all
        select known_to as known_on, content_type, content_id
        from described
        where ({{ in_run_window('known_to') }}) and {{ continues() }}
    ),

    sales as (
        {{ rows_of_kept(
            ref('content_gmv_daily_movements'), of_sales, ['content_type', 'content_id'], 'described_anew'
        ) }}
        union all
        select {{ of_sales | join(', ') }}
        from {{ ref('content_gmv_daily_movements') }} as movements
        where
            ({{ in_run_window('movements.known_on') }})
            and {{ continues() }}
            and not exists (
                select 1
                from described_anew
                where
                    described_anew.content_type = movements.content_type
                    and described_anew.content_id = movements.content_id
            )
    ),

    sold as (
        select
            content_type,
            content_id,
            known_on,
            {{ month_of('gmv_date') }} as month,
            sum(gross_cents) as gross_cents,
            sum(net_cents) as net_cents,
            sum(units) as units
        from sales
        group by content_type, content_id, known_on, {{ month_of('gmv_date') }}
    ),

    pairs as (
        select
            greatest(sold.known_on, described.known_from) as added_on,
            described.known_to as taken_on,
            sold.month,
            described.hashtags,
            sold.gross_cents,
            sold.net_cents,
            sold.units
        from sold
        inner join
            described
            on sold.content_type = described.content_type
            and sold.content_id = described.content_id
            and sold.known_on < described.known_to
    ),

    signed as (
        select
            known_from as known_on, month, hashtags, videos, lives, views, 0 as gross_cents, 0 as net_cents, 0 as units
        from described
        union all
        select known_to as known_on, month, hashtags, - videos, - lives, - views, 0, 0, 0
        from described
        union all
        select added_on as known_on, month, hashtags, 0, 0, 0, gross_cents, net_cents, units
        from pairs
        union all
        select taken_on as known_on, month, hashtags, 0, 0, 0, - gross_cents, - net_cents, - units
        from pairs
    ),

    -- Many contents have the same hashtags, which are taken apart once.
    by_hashtags as (
        select known_on, month, hashtags {%- for amount in amounts %}, sum({{ amount }}) as {{ amount }} {%- endfor %}
        from signed
        where
            known_on < {{ end_of_time() }}
            and known_on > (
                select case when continues then known_from else date '0001-01-01' end
                from {{ source('context', 'run_window') }}
            )
        group by known_on, month, hashtags
    ),

    by_hashtag as (
        select known_on, month, {{ each_word('hashtags') }} as hashtag, {{ amounts | join(', ') }} from by_hashtags
    )

select known_on, month, hashtag {%- for amount in amounts %}, {{ total(amount) }} as {{ amount }} {%- endfor %}
from by_hashtag
group by known_on, month, hashtag
having {%- for amount in amounts %} {{ 'or ' if not loop.first }}sum({{ amount }}) <> 0 {%- endfor %}
