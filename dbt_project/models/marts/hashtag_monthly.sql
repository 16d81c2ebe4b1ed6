-- Hashtags by calendar month, as known now: one row a month and hashtag. Videos and lives, with their views, stand in
-- the month in which they were posted or started; GMV in the month in which it was paid (rulebook 1). A content with
-- several hashtags counts under each, so figures are not to be summed over hashtags.
select
    month,
    hashtag,
    {{ total('videos') }} as videos,
    {{ total('lives') }} as lives,
    {{ total('views') }} as views,
    {{ total('gross_cents') }} as gross_cents,
    {{ total('net_cents') }} as net_cents,
    {{ total('units') }} as units
from {{ ref('hashtag_monthly_movements') }}
group by month, hashtag
having sum(videos) <> 0 or sum(lives) <> 0 or sum(units) <> 0
