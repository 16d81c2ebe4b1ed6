-- creator_incubation (rulebook 2.8): beneficiary a PARTNER; component `incubation`, subject: a creator on the list. The
-- partner is the one assigned on the paid day of the creator's earliest line (paid_at, order_line_id) with gross > 0
-- and an assigned partner; one of another type than named binds and earns nothing. Pays the highest tier with
-- threshold <= the measure of all the creator's lines, whoever served it when they were paid. One row a candidate:
-- each creator with a partner bound so, also where nothing is earned, with why.
with
    -- Programs of other kinds, and those that have not begun, have no lines.
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
            versions.creators_list
        from {{ source('terms', 'periods') }} as periods
        inner join {{ source('terms', 'programs') }} as programs on periods.program_id = programs.program_id
        inner join
            {{ source('terms', 'versions') }} as versions
            on periods.program_id = versions.program_id
            and periods.version_no = versions.version_no
    ),

    {{ typed_partners('terms') }},

    lines as (select * from {{ ref('incubated_lines') }}),

    -- One row a line: a creator has one partner a day, and no shop has that service.
    binding_lines as (
        select
            lines.program_id,
            lines.period,
            lines.creator_id,
            lines.order_line_id,
            lines.order_id,
            lines.paid_at,
            lines.gmv_date,
            lines.removed_at,
            assignments.partner_id,
            row_number() over (
                partition by lines.program_id, lines.period, lines.creator_id
                order by lines.paid_at nulls last, lines.order_line_id
            ) as earliest_first
        from lines
        inner join terms on lines.program_id = terms.program_id and lines.period = terms.period
        inner join
            {{ ref('assignment_periods') }} as assignments
            on lines.creator_id = assignments.subject_id
            and terms.service = assignments.service
            and lines.gmv_date >= assignments.valid_from
            and lines.gmv_date < assignments.valid_to
            and assignments.known_from <= terms.known_through
            and assignments.known_to > terms.known_through
        where lines.gross_cents > 0
    ),

    measured as (
        select
            lines.program_id,
            lines.period,
            lines.creator_id,
            cast(count(*) as bigint) as counted_lines,
            {{ total("case when terms.measure = 'gross' then lines.gross_cents else lines.net_cents end") }}
            as gmv_cents
        from lines
        inner join terms on lines.program_id = terms.program_id and lines.period = terms.period
        group by lines.program_id, lines.period, lines.creator_id
    ),

    bound as (
        select
            terms.*,
            measured.creator_id,
            measured.counted_lines,
            measured.gmv_cents,
            binding_lines.partner_id,
            binding_lines.removed_at,
            binding_lines.order_line_id as binding_order_line_id,
            binding_lines.order_id as binding_order_id,
            binding_lines.paid_at as binding_paid_at,
            binding_lines.gmv_date as binding_day,
            terms.is_any_partner or typed_partners.partner_id is not null as is_named_type
        from terms
        inner join measured on terms.program_id = measured.program_id and terms.period = measured.period
        inner join
            binding_lines
            on measured.program_id = binding_lines.program_id
            and measured.period = binding_lines.period
            and measured.creator_id = binding_lines.creator_id
            and binding_lines.earliest_first = 1
        left join
            typed_partners
            on binding_lines.program_id = typed_partners.program_id
            and binding_lines.period = typed_partners.period
            and binding_lines.partner_id = typed_partners.partner_id
    ),

    -- The highest tier reached and the next one above: one row a candidate.
    tiered as (
        select
            bound.program_id,
            bound.period,
            bound.creator_id,
            max(case when tiers.threshold <= bound.gmv_cents then tiers.threshold end) as tier_cents,
            max(case when tiers.threshold <= bound.gmv_cents then tiers.amount_cents end) as tier_amount_cents,
            min(case when tiers.threshold > bound.gmv_cents then tiers.threshold end) as next_tier_cents
        from bound
        inner join
            {{ source('terms', 'tiers') }} as tiers
            on bound.program_id = tiers.program_id
            and bound.version_no = tiers.version_no
        group by bound.program_id, bound.period, bound.creator_id
    )

select
    bound.program_id,
    bound.period,
    'PARTNER' as beneficiary_type,
    bound.partner_id as beneficiary_id,
    bound.creator_id as subject_id,
    'incubation' as component,
    bound.instrument,
    case when bound.is_named_type then coalesce(tiered.tier_amount_cents, 0) else 0 end as amount_cents,
    bound.stage,
    bound.version_no as terms_version,
    case
        when not bound.is_named_type
        then 'the partner is of no type that is named'
        when tiered.tier_amount_cents is null
        then 'below the first tier'
        else 'tier reached'
    end as reason,
    {{ evidence({
        'measure': 'bound.measure',
        'service': 'bound.service',
        'creators_list': 'bound.creators_list',
        'removed_at': 'bound.removed_at',
        'counted_first_day': 'bound.first_day',
        'counted_last_day': 'bound.counted_through',
        'known_through': 'bound.known_through',
        'counted_lines': 'bound.counted_lines',
        'gmv_cents': 'bound.gmv_cents',
        'tier_cents': 'tiered.tier_cents',
        'next_tier_cents': 'tiered.next_tier_cents',
        'binding_order_line_id': 'bound.binding_order_line_id',
        'binding_order_id': 'bound.binding_order_id',
        'binding_paid_at': 'bound.binding_paid_at',
        'binding_day': 'bound.binding_day',
        'is_named_type': 'bound.is_named_type',
        'is_cut_off_read_as_first_delivery': 'bound.is_cut_off_read_as_first_delivery',
    }) }} as evidence
from bound
inner join
    tiered
    on bound.program_id = tiered.program_id
    and bound.period = tiered.period
    and bound.creator_id = tiered.creator_id
