-- What partners sold by short video above the baseline of a short_video_growth program (rulebook 2.4): one row a
-- program, month and partner of a named type, under the version by which ranks are drawn. Figures stand twice: as
-- known when ranks are drawn, and (tested_) as known now, at most until the month is frozen. No counted day: no row.
with
    terms as (
        select
            periods.program_id,
            periods.period,
            periods.ranked_version_no as version_no,
            periods.first_day,
            periods.counted_through,
            periods.ranked_known_through,
            periods.known_through,
            versions.measure,
            versions.service,
            versions.baseline_first_day,
            versions.baseline_last_day
        from {{ source('terms', 'periods') }} as periods
        inner join
            {{ source('terms', 'versions') }} as versions
            on periods.program_id = versions.program_id
            and periods.ranked_version_no = versions.version_no
        where periods.kind = 'short_video_growth' and periods.has_begun and periods.counted_through >= periods.first_day
    ),

    cut_offs as (
        select program_id, period, 'ranks' as decides, version_no, ranked_known_through as known_through
        from terms
        union all
        select program_id, period, 'payment' as decides, version_no, known_through
        from terms
    ),

    {{ typed_partners('cut_offs', by=['program_id', 'period', 'decides']) }},

    partners as (
        select
            program_id,
            period,
            partner_id,
            bool_or(decides = 'ranks') as was_of_named_type,
            bool_or(decides = 'payment') as is_of_named_type
        from typed_partners
        group by program_id, period, partner_id
    ),

    -- Whether any line counted in the baseline window, whoever sold it.
    history as (
        select
            terms.program_id,
            terms.period,
            {{ total_where('movements.orders', 'movements.known_on <= terms.ranked_known_through') }}
            > 0 as had_history,
            {{ total('movements.orders') }} > 0 as has_history
        from terms
        inner join
            {{ ref('market_order_movements') }} as movements
            on movements.gmv_date >= terms.baseline_first_day
            and movements.gmv_date <= terms.baseline_last_day
            and movements.known_on <= terms.known_through
        group by terms.program_id, terms.period
    ),

    windows as (
        select
            terms.*, true as is_baseline, baseline_first_day as window_first_day, baseline_last_day as window_last_day
        from terms
        union all
        select terms.*, false as is_baseline, first_day as window_first_day, counted_through as window_last_day
        from terms
    ),

    sales as (
        select
            windows.program_id,
            windows.period,
            movements.partner_id,
            windows.is_baseline,
            movements.known_on <= windows.ranked_known_through as is_of_ranks,
            case
                when windows.measure = 'gross'
                then movements.short_video_gross_cents
                else movements.short_video_net_cents
            end as measure_cents,
            movements.short_video_gross_cents as gross_cents
        from windows
        inner join
            {{ ref('partner_gmv_daily_movements') }} as movements
            on windows.service = movements.service
            and movements.gmv_date >= windows.window_first_day
            and movements.gmv_date <= windows.window_last_day
            and movements.known_on <= windows.known_through
    ),

    measured as (
        select
            program_id,
            period,
            partner_id,
            {{ total_where('measure_cents', 'is_baseline and is_of_ranks') }} as baseline_cents,
            {{ total_where('measure_cents', 'not is_baseline and is_of_ranks') }} as current_cents,
            {{ total_where('gross_cents', 'not is_baseline and is_of_ranks') }} as gross_cents,
            {{ total_where('measure_cents', 'is_baseline') }} as tested_baseline_cents,
            {{ total_where('measure_cents', 'not is_baseline') }} as tested_current_cents
        from sales
        group by program_id, period, partner_id
    )

select
    partners.program_id,
    partners.period,
    partners.partner_id,
    terms.version_no as terms_version,
    partners.was_of_named_type,
    partners.is_of_named_type,
    coalesce(history.had_history, false) as had_history,
    coalesce(history.has_history, false) as has_history,
    coalesce(measured.baseline_cents, 0) as baseline_cents,
    coalesce(measured.current_cents, 0) as current_cents,
    coalesce(measured.current_cents - measured.baseline_cents, 0) as growth_cents,
    coalesce(measured.gross_cents, 0) as gross_cents,
    coalesce(measured.tested_baseline_cents, 0) as tested_baseline_cents,
    coalesce(measured.tested_current_cents, 0) as tested_current_cents,
    coalesce(measured.tested_current_cents - measured.tested_baseline_cents, 0) as tested_growth_cents
from partners
inner join terms on partners.program_id = terms.program_id and partners.period = terms.period
left join history on partners.program_id = history.program_id and partners.period = history.period
left join
    measured
    on partners.program_id = measured.program_id
    and partners.period = measured.period
    and partners.partner_id = measured.partner_id
