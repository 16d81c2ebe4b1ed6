-- affiliate_service (rulebook 2.5): beneficiary a PARTNER, of the named types where there are any; component
-- `seller_service`, subject: the seller. Affiliate GMV of a shop on the counted days on which the partner serves it;
-- from min_gmv on the reward is min(max_reward, floor(gmv x rate_bps / 10,000)). At most max_sellers shops a partner:
-- reward desc, gmv desc, seller_id. No counted day: no candidate. One row a candidate: each shop with affiliate GMV
-- while the partner served it, also those that earn nothing, with why.
with
    terms as (
        select
            periods.program_id,
            periods.period,
            periods.stage,
            periods.version_no,
            periods.first_day,
            periods.counted_through,
            periods.known_through,
            periods.is_cut_off_read_as_first_delivery,
            programs.instrument,
            versions.measure,
            versions.service,
            versions.is_any_partner,
            versions.min_gmv_cents,
            versions.rate_bps,
            versions.max_reward_cents,
            versions.max_sellers
        from {{ source('terms', 'periods') }} as periods
        inner join {{ source('terms', 'programs') }} as programs on periods.program_id = programs.program_id
        inner join
            {{ source('terms', 'versions') }} as versions
            on periods.program_id = versions.program_id
            and periods.version_no = versions.version_no
        where periods.kind = 'affiliate_service'
    ),

    {{ typed_partners('terms') }},

    -- One row a program, shop and counted day with affiliate GMV, before days are given to partners. Before the first
    -- day none is counted.
    shop_days as (
        select
            terms.program_id,
            terms.period,
            movements.seller_id,
            movements.gmv_date,
            {{ total('movements.affiliate_gross_cents') }} as gross_cents,
            {{ total('movements.affiliate_net_cents') }} as net_cents
        from terms
        inner join
            {{ ref('gmv_daily_movements') }} as movements
            on movements.gmv_date >= terms.first_day
            and movements.gmv_date <= terms.counted_through
            and movements.known_on <= terms.known_through
        group by terms.program_id, terms.period, movements.seller_id, movements.gmv_date
        having sum(movements.affiliate_gross_cents) > 0
    ),

    -- A shop has one partner a day and service, and no creator has that service: one row a program, partner and shop.
    served as (
        select
            shop_days.program_id,
            shop_days.period,
            assignments.partner_id,
            shop_days.seller_id,
            cast(count(*) as bigint) as days_with_gmv,
            {{ total("case when terms.measure = 'gross' then shop_days.gross_cents else shop_days.net_cents end") }}
            as gmv_cents
        from shop_days
        inner join terms on shop_days.program_id = terms.program_id and shop_days.period = terms.period
        inner join
            {{ ref('assignment_periods') }} as assignments
            on shop_days.seller_id = assignments.subject_id
            and terms.service = assignments.service
            and shop_days.gmv_date >= assignments.valid_from
            and shop_days.gmv_date < assignments.valid_to
            and assignments.known_from <= terms.known_through
            and assignments.known_to > terms.known_through
        group by shop_days.program_id, shop_days.period, assignments.partner_id, shop_days.seller_id
    ),

    shares as (
        select
            terms.*,
            served.partner_id,
            served.seller_id,
            served.days_with_gmv,
            served.gmv_cents,
            {{ floor_divide(wide('served.gmv_cents') ~ ' * terms.rate_bps', '10000') }} as share_cents
        from served
        inner join terms on served.program_id = terms.program_id and served.period = terms.period
        left join
            typed_partners
            on served.program_id = typed_partners.program_id
            and served.period = typed_partners.period
            and served.partner_id = typed_partners.partner_id
        where terms.is_any_partner or typed_partners.partner_id is not null
    ),

    rewards as (
        select
            *, case when gmv_cents >= min_gmv_cents then least(max_reward_cents, share_cents) else 0 end as reward_cents
        from shares
    ),

    -- A shop without a reward stands after all that have one, so it takes no place from them.
    ranked as (
        select
            *,
            row_number() over (
                partition by program_id, period, partner_id order by reward_cents desc, gmv_cents desc, seller_id
            ) as shop_rank
        from rewards
    )

select
    program_id,
    period,
    'PARTNER' as beneficiary_type,
    partner_id as beneficiary_id,
    seller_id as subject_id,
    'seller_service' as component,
    instrument,
    case when shop_rank <= max_sellers then reward_cents else 0 end as amount_cents,
    stage,
    version_no as terms_version,
    case
        when gmv_cents < min_gmv_cents
        then 'below the minimum'
        when reward_cents = 0
        then 'a share of less than a cent'
        when shop_rank > max_sellers
        then 'no place: other shops of the partner take them all'
        when share_cents > max_reward_cents
        then 'the highest reward of a shop'
        else 'a share of the affiliate GMV'
    end as reason,
    {{ evidence({
        'measure': 'measure',
        'service': 'service',
        'counted_first_day': 'first_day',
        'counted_last_day': 'counted_through',
        'known_through': 'known_through',
        'days_with_gmv': 'days_with_gmv',
        'gmv_cents': 'gmv_cents',
        'min_gmv_cents': 'min_gmv_cents',
        'rate_bps': 'rate_bps',
        'share_cents': 'share_cents',
        'max_reward_cents': 'max_reward_cents',
        'taken_by_max_reward_cents': 'greatest(share_cents - max_reward_cents, 0)',
        'reward_cents': 'reward_cents',
        'rank': 'shop_rank',
        'max_sellers': 'max_sellers',
        'is_cut_off_read_as_first_delivery': 'is_cut_off_read_as_first_delivery',
    }) }} as evidence
from ranked
