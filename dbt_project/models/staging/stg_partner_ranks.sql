-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.
select partner_id, snapshot_on, rank_code, updated_at, landed_on from {{ source('accepted', 'partner_ranks') }}
