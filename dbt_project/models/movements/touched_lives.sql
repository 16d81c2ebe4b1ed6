-- Livestreams of which a delivery day says something new: sold lines, their own record, or who serves their shop. One
-- row a knowledge date and livestream. None where the run does not continue: every livestream is looked at then.
with
    changed_shops as (
        select subject_id as seller_id, known_from as known_on
        from {{ ref('assignment_periods') }}
        where subject_type = 'SELLER' and service = 'SHOP' and ({{ in_run_window('known_from') }})
        union
        select subject_id as seller_id, known_to as known_on
        from {{ ref('assignment_periods') }}
        where subject_type = 'SELLER' and service = 'SHOP' and ({{ in_run_window('known_to') }})
    ),

    lives_of_changed_shops as (
        select live_id, seller_id
        from {{ ref('stg_live_sessions') }}
        where seller_id in (select changed_shops.seller_id from changed_shops where {{ continues() }})
    )

select known_on, content_id as live_id
from {{ ref('content_gmv_daily_movements') }}
where content_type = 'LIVE' and ({{ in_run_window('known_on') }}) and {{ continues() }}
union
select landed_on as known_on, live_id
from {{ source('delivered', 'live_sessions') }}
where {{ continues() }}
union
select changed_shops.known_on, lives.live_id
from lives_of_changed_shops as lives
inner join changed_shops on lives.seller_id = changed_shops.seller_id
