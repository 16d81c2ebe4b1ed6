-- Every delivery ever seen, accepted, refused or waived, with its counts: one row a feed and landed_on. delivered =
-- good + quarantined + repeats, and good = accepted + overtaken (landing contract, Deliveries).
select feed, landed_on, delivered, good, accepted, overtaken, quarantined, repeats, state, reason
from {{ source('context', 'deliveries') }}
