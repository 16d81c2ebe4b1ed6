-- What this run's window adds to and takes from GMV: + where a cell starts, - where it ends. One row a knowledge date,
-- paid day, seller and attribution; rows that cancel to nothing go.
with
    cells as (select * from {{ ref('line_cells') }}),

    signed as (
        select
            known_from as known_on,
            gmv_date,
            seller_id,
            content_type,
            creator_id,
            is_target_plan,
            matched_by_partner_id,
            gross_cents,
            net_cents,
            units
        from cells
        where {{ in_run_window('known_from') }}
        union all
        select
            known_to as known_on,
            gmv_date,
            seller_id,
            content_type,
            creator_id,
            is_target_plan,
            matched_by_partner_id,
            - gross_cents,
            - net_cents,
            - units
        from cells
        where {{ in_run_window('known_to') }}
    )

select
    known_on,
    gmv_date,
    seller_id,
    content_type,
    creator_id,
    is_target_plan,
    matched_by_partner_id,
    {{ total('gross_cents') }} as gross_cents,
    {{ total('net_cents') }} as net_cents,
    {{ total('units') }} as units
from signed
group by known_on, gmv_date, seller_id, content_type, creator_id, is_target_plan, matched_by_partner_id
having sum(gross_cents) <> 0 or sum(net_cents) <> 0 or sum(units) <> 0
