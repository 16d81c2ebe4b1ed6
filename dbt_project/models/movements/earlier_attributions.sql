-- Rows of the attributions of touched lines that landed before this run's window: one row a version. Looked up by key
-- once, for versions and for checks; a window that begins with the first delivery has none.
select
    line_key,
    content_type,
    content_id,
    creator_id,
    target_collaboration_id,
    matched_by_partner_id,
    updated_at,
    landed_on
from {{ source('known_before', 'attributions') }}
where line_key in (select touched.line_key from {{ ref('touched_lines') }} as touched where {{ has_history() }})
