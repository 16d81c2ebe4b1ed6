-- Hashtags by calendar month, as known now: one row a month and hashtag. Videos and lives, with their views, stand in
-- the month in which they were posted or started; GMV in the month in which it was paid (rulebook 1). A content with
-- several hashtags counts under each, so figures are not to be summed over hashtags.
with
    contents as (
        select
            'VIDEO' as content_type,
            video_id as content_id,
            {{ month_of(business_date('posted_at')) }} as month,
            1 as videos,
            0 as lives,
            coalesce(views, 0) as views,
            hashtags
        from ({{ latest_known(ref('stg_short_videos'), 'video_id', as_of()) }}) as known_videos
        where hashtags is not null
        union all
        select
            'LIVE' as content_type,
            live_id as content_id,
            {{ month_of(business_date('started_at')) }} as month,
            0 as videos,
            1 as lives,
            coalesce(viewers, 0) as views,
            hashtags
        from ({{ latest_known(ref('stg_live_sessions'), 'live_id', as_of()) }}) as known_sessions
        where hashtags is not null
    ),

    -- One row a content and distinct hashtag.
    tagged as (
        select content_type, content_id, month, videos, lives, views, {{ each_word('hashtags') }} as hashtag
        from contents
    ),

    -- One row a content and month in which it sold.
    sold as (
        select
            content_type,
            content_id,
            {{ month_of('gmv_date') }} as month,
            {{ total('gross_cents') }} as gross_cents,
            {{ total('net_cents') }} as net_cents,
            {{ total('units') }} as units
        from {{ ref('content_gmv_daily_movements') }}
        group by content_type, content_id, {{ month_of('gmv_date') }}
        having sum(units) <> 0
    ),

    parts as (
        select month, hashtag, videos, lives, views, 0 as gross_cents, 0 as net_cents, 0 as units
        from tagged
        union all
        select sold.month, tagged.hashtag, 0, 0, 0, sold.gross_cents, sold.net_cents, sold.units
        from sold
        inner join tagged on sold.content_type = tagged.content_type and sold.content_id = tagged.content_id
    )

select
    month,
    hashtag,
    {{ total('videos') }} as videos,
    {{ total('lives') }} as lives,
    {{ total('views') }} as views,
    {{ total('gross_cents') }} as gross_cents,
    {{ total('net_cents') }} as net_cents,
    {{ total('units') }} as units
from parts
group by month, hashtag
