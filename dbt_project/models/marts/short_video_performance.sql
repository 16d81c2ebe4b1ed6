{{ config(
    materialized='incremental', incremental_strategy='replace_touched', unique_key=['video_id'],
    meta={'touched': 'touched_videos'}, full_refresh=false, on_schema_change='fail'
) }}
-- What each short video sold, as known now: one row a video, also those that sold nothing. All lines attributed to it
-- count, whenever paid; those of a targeted plan, which programs pay for, stand beside as short_video.
with
    versions as (
        {{ rows_of_kept(ref('stg_short_videos'), [
            'video_id', 'creator_id', 'posted_at', 'views', 'updated_at', 'landed_on'
        ], ['video_id'], ref('touched_videos')) }}
    ),

    videos as ({{ latest_known('versions', 'video_id', as_of()) }}),

    sales as (
        {{ rows_of_kept(ref('content_gmv_daily_movements'), [
            'content_type', 'content_id', 'gross_cents', 'net_cents', 'short_video_gross_cents',
            'short_video_net_cents', 'units', 'orders'
        ], ['content_id'], ref('touched_videos'), ['video_id']) }}
    ),

    sold as (
        select
            content_id as video_id,
            {{ total('gross_cents') }} as gross_cents,
            {{ total('net_cents') }} as net_cents,
            {{ total('short_video_gross_cents') }} as short_video_gross_cents,
            {{ total('short_video_net_cents') }} as short_video_net_cents,
            {{ total('units') }} as units,
            {{ total('orders') }} as orders
        from sales
        where content_type = 'VIDEO'
        group by content_id
    )

select
    videos.video_id,
    videos.creator_id,
    videos.posted_at,
    {{ business_date('videos.posted_at') }} as posted_date,
    videos.views,
    coalesce(sold.gross_cents, 0) as gross_cents,
    coalesce(sold.net_cents, 0) as net_cents,
    {{ per_thousand('coalesce(sold.net_cents, 0)', 'videos.views') }} as net_per_1000_views_cents,
    coalesce(sold.short_video_gross_cents, 0) as short_video_gross_cents,
    coalesce(sold.short_video_net_cents, 0) as short_video_net_cents,
    coalesce(sold.units, 0) as units,
    coalesce(sold.orders, 0) as orders
from videos
left join sold on videos.video_id = sold.video_id
