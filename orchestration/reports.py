"""Reports that need the ledger: its entries and balances beside the marts, what members and partners are owed.

They are relations of the warehouse, schema ``ledger``, made anew after each posting. Does not belong here: posting itself.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from orchestration.ledger.ledger import Ledger

_ENTRIES = pl.Schema(
    {
        "entry_no": pl.Int64(),
        "posting_no": pl.Int64(),
        "as_of": pl.Date(),
        "entry_type": pl.String(),
        "program_id": pl.String(),
        "period": pl.String(),
        "beneficiary_type": pl.String(),
        "beneficiary_id": pl.String(),
        "subject_id": pl.String(),
        "component": pl.String(),
        "instrument": pl.String(),
        "payout_id": pl.String(),
        "debit_account": pl.String(),
        "credit_account": pl.String(),
        "amount_cents": pl.Int64(),
    }
)
_BALANCES = pl.Schema({"account": pl.String(), "instrument": pl.String(), "balance_cents": pl.Int64()})

# What an entry adds to what is pending and to what is approved, also by hand (rulebook 3).
_PENDING = """case entry_type
        when 'ACCRUE' then amount_cents when 'RELEASE' then -amount_cents when 'APPROVE' then -amount_cents else 0 end"""
_APPROVED = """case entry_type
        when 'APPROVE' then amount_cents when 'ADJUST' then amount_cents when 'CLAWBACK' then -amount_cents
        when 'GRANT' then amount_cents when 'CHARGE' then -amount_cents else 0 end"""

REFERRAL_REWARD_LEDGER = f"""
    create or replace table ledger.referral_reward_ledger as
    select
        entries.entry_no, entries.posting_no, entries.as_of, entries.program_id,
        entries.beneficiary_id as referrer_id, entries.component,
        case when entries.component = 'referral' then entries.subject_id end as referee_id,
        case when entries.component = 'milestone' then entries.subject_id end as milestone,
        conversions.status, entries.entry_type, entries.instrument, entries.amount_cents,
        cast(sum(({_PENDING}) + ({_APPROVED})) over (
            partition by entries.program_id, entries.beneficiary_id, entries.instrument order by entries.entry_no
        ) as bigint) as balance_cents
    from ledger.ledger_entries as entries
    inner join terms.programs as programs on entries.program_id = programs.program_id
    -- The condition on the component stands within the key: beside it, each entry would be compared with each referral.
    left join marts.referral_conversions as conversions
        on entries.program_id = conversions.program_id
        and case when entries.component = 'referral' then entries.subject_id end = conversions.referee_id
        and entries.beneficiary_id = conversions.referrer_id
    where programs.kind = 'referral_reward'"""

PARTNER_INCENTIVE_PAYOUTS = f"""
    create or replace table ledger.partner_incentive_payouts as
    with positions as (
        select
            beneficiary_id as partner_id, program_id, period, instrument,
            cast(sum({_PENDING}) as bigint) as provisional_cents,
            cast(sum({_APPROVED}) as bigint) as approved_cents
        from ledger.ledger_entries
        where beneficiary_type = 'PARTNER' and program_id is not null
        group by all
    ),
    paid as (
        select
            lines.beneficiary_id as partner_id, lines.program_id, lines.period, lines.instrument,
            cast(sum(lines.amount_cents) as bigint) as paid_cents
        from ledger.payout_lines as lines
        inner join ledger.payouts as payouts on lines.payout_id = payouts.payout_id
        where lines.beneficiary_type = 'PARTNER' and payouts.state in ('EXPORTED', 'SETTLED')
        group by all
    )
    select
        positions.partner_id, positions.program_id, positions.period, positions.instrument,
        positions.provisional_cents, positions.approved_cents,
        coalesce(paid.paid_cents, 0) as paid_cents,
        positions.approved_cents - coalesce(paid.paid_cents, 0) as open_cents,
        case when positions.approved_cents > coalesce(paid.paid_cents, 0) then unpaid.reason end as hold_reason
    from positions
    left join paid
        on positions.partner_id = paid.partner_id
        and positions.program_id = paid.program_id
        and positions.period = paid.period
        and positions.instrument = paid.instrument
    -- One row a beneficiary and instrument, so that no position is doubled.
    left join ledger.unpaid_balances as unpaid
        on positions.partner_id = unpaid.beneficiary_id
        and positions.instrument = unpaid.instrument
        and unpaid.beneficiary_type = 'PARTNER'
        and unpaid.is_held
    -- What came and went again is no row, so that days posted singly or at once leave the same ones.
    where positions.provisional_cents <> 0 or positions.approved_cents <> 0 or coalesce(paid.paid_cents, 0) <> 0"""


def load_ledger(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> tuple[int, int]:
    """Copies entries and balances into the warehouse, whole; how many of each there are."""
    connection.execute("create schema if not exists ledger")
    entries = load_rows(connection, "ledger_entries", _ENTRIES, list(ledger.rows("ledger_entries")))
    balances = load_rows(connection, "ledger_balances", _BALANCES, list(ledger.rows("ledger_balances")))
    return entries, balances


def load_rows(connection: duckdb.DuckDBPyConnection, table: str, schema: pl.Schema, rows: list[tuple[Any, ...]]) -> int:
    """Replaces a table of schema ``ledger`` by these rows; how many they are."""
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "rows.parquet"
        frame.write_parquet(part)
        connection.execute(f"create or replace table ledger.{table} as select * from read_parquet(?)", [str(part)])
    return frame.height


# The day that the reports speak of: of the run, or of the last posting where that is later, as a payment's may be.
_LAST_DAY = """select greatest((select max(as_of) from ledger.ledger_entries), (select max(as_of) from context.run_window))
        as as_of"""

TRIAL_BALANCE = f"""
    create or replace table ledger.trial_balance as
    with last_day as ({_LAST_DAY}),
    moved as (
        select
            cast(date_trunc('month', as_of) as date) as month, account, instrument,
            sum(debit_cents) as debit_cents, sum(credit_cents) as credit_cents
        from (
            select as_of, debit_account as account, instrument, amount_cents as debit_cents, 0 as credit_cents
            from ledger.ledger_entries
            union all
            select as_of, credit_account, instrument, 0, amount_cents
            from ledger.ledger_entries
        )
        group by all
    ),
    -- Every month of an account from its first entry on: it keeps its balance through months in which nothing moves it.
    lived as (
        select
            account, instrument,
            cast(unnest(generate_series(min(month), (select as_of from last_day), interval 1 month)) as date) as month
        from moved
        group by account, instrument
    ),
    balanced as (
        select
            lived.month, lived.account, lived.instrument,
            coalesce(moved.debit_cents, 0) as debit_cents, coalesce(moved.credit_cents, 0) as credit_cents,
            sum(coalesce(moved.credit_cents, 0) - coalesce(moved.debit_cents, 0)) over (
                partition by lived.account, lived.instrument order by lived.month
            ) as closing_cents
        from lived
        left join moved
            on lived.account = moved.account and lived.instrument = moved.instrument and lived.month = moved.month
    )
    select
        month, account, instrument,
        cast(closing_cents - credit_cents + debit_cents as bigint) as opening_cents,
        cast(debit_cents as bigint) as debit_cents,
        cast(credit_cents as bigint) as credit_cents,
        cast(closing_cents as bigint) as closing_cents
    from balanced
    where debit_cents > 0 or credit_cents > 0 or closing_cents <> 0"""
"""One row a month (its first day), account and instrument, through the month of the last day, where something moved or stands.

Balances are credits less debits, in cents: opening - debit + credit = closing. Over all accounts of a month and instrument
balances sum to 0 and debits equal credits, and closing is the opening of the next month (rulebook 3).
"""

LIABILITY_AGEING = f"""
    create or replace table ledger.liability_ageing as
    with last_day as ({_LAST_DAY}),
    pending as (
        select
            program_id, period, beneficiary_type, beneficiary_id, subject_id, component, instrument,
            sum({_PENDING}) as open_cents
        from ledger.ledger_entries
        where program_id is not null
        group by all
        having open_cents <> 0
    ),
    -- A period settles on one day; a referral case by case, once it is delivered, and while flagged on no day that is known.
    awaited as (
        select
            pending.*,
            case
                when periods.close_on is null then periods.settle_on
                when candidates.evidence ->> 'status' in ('PROVISIONAL', 'FINAL')
                then cast(candidates.evidence ->> 'final_on' as date)
            end as final_on,
            periods.close_on,
            coalesce(candidates.reason, 'no program looks at it any more') as reason
        from pending
        left join terms.periods as periods
            on pending.program_id = periods.program_id and pending.period = periods.period
        left join awards.award_candidates as candidates
            on pending.program_id = candidates.program_id
            and pending.period = candidates.period
            and pending.beneficiary_type = candidates.beneficiary_type
            and pending.beneficiary_id = candidates.beneficiary_id
            and pending.subject_id = candidates.subject_id
            and pending.component = candidates.component
            and pending.instrument = candidates.instrument
    ),
    -- What became payable, in the order in which it did, and how much of the program's had by then.
    lots as (
        select
            program_id, beneficiary_type, beneficiary_id, instrument, as_of, amount_cents,
            sum(amount_cents) over (
                partition by program_id, beneficiary_type, beneficiary_id, instrument order by entry_no
            ) as through_cents
        from ledger.ledger_entries
        where entry_type in ('APPROVE', 'ADJUST', 'GRANT')
    ),
    -- What was taken from it since; a payment takes by the lines of its payout, and one that came back takes nothing.
    taken as (
        select program_id, beneficiary_type, beneficiary_id, instrument, sum(cents) as taken_cents
        from (
            select program_id, beneficiary_type, beneficiary_id, instrument, amount_cents as cents
            from ledger.ledger_entries
            where entry_type in ('CLAWBACK', 'CHARGE')
            union all
            select
                lines.program_id, entries.beneficiary_type, entries.beneficiary_id, entries.instrument,
                coalesce(lines.amount_cents, entries.amount_cents) * case entries.entry_type when 'PAY' then 1 else -1 end
            from ledger.ledger_entries as entries
            left join ledger.payout_lines as lines on entries.payout_id = lines.payout_id
            where entries.entry_type in ('PAY', 'RETURN')
        )
        group by all
    ),
    -- The oldest is taken first, so that of each lot stands what of it lies beyond all that was taken.
    payable as (
        select
            lots.program_id, lots.beneficiary_type, lots.beneficiary_id, lots.instrument,
            case
                when last_day.as_of - lots.as_of <= 30 then '0-30 days'
                when last_day.as_of - lots.as_of <= 60 then '31-60 days'
                when last_day.as_of - lots.as_of <= 90 then '61-90 days'
                else 'over 90 days'
            end as bucket,
            least(lots.amount_cents, lots.through_cents - coalesce(taken.taken_cents, 0)) as open_cents
        from lots
        cross join last_day
        left join taken
            on lots.program_id = taken.program_id
            and lots.beneficiary_type = taken.beneficiary_type
            and lots.beneficiary_id = taken.beneficiary_id
            and lots.instrument = taken.instrument
        where lots.through_cents > coalesce(taken.taken_cents, 0)
    ),
    became_payable as (
        select program_id, beneficiary_type, beneficiary_id, instrument, sum(amount_cents) as lot_cents
        from lots
        group by all
    ),
    overdrawn as (
        select
            taken.program_id, taken.beneficiary_type, taken.beneficiary_id, taken.instrument,
            coalesce(became_payable.lot_cents, 0) - taken.taken_cents as open_cents
        from taken
        left join became_payable
            on taken.program_id = became_payable.program_id
            and taken.beneficiary_type = became_payable.beneficiary_type
            and taken.beneficiary_id = became_payable.beneficiary_id
            and taken.instrument = became_payable.instrument
        where taken.taken_cents > coalesce(became_payable.lot_cents, 0)
    ),
    open_amounts as (
        select
            program_id, beneficiary_type, beneficiary_id, instrument, 'PENDING' as bucket, final_on,
            case when final_on is null then close_on end as decided_by,
            case when final_on is null then reason end as waits_for,
            open_cents
        from awaited
        union all
        select program_id, beneficiary_type, beneficiary_id, instrument, bucket, null, null, null, open_cents
        from payable
        union all
        select program_id, beneficiary_type, beneficiary_id, instrument, 'NEGATIVE', null, null, null, open_cents
        from overdrawn
    )
    select
        program_id, beneficiary_type, beneficiary_id, instrument, bucket, final_on, decided_by, waits_for,
        last_day.as_of, cast(sum(open_cents) as bigint) as open_cents
    from open_amounts
    cross join last_day
    group by all"""
"""What is owed and not paid: one row a program, beneficiary, instrument, bucket, final_on, decided_by and waits_for; cents.

``program_id`` is ``manual:<reason>`` for an adjustment, null for a payment without a line, of which there should be none.
``bucket`` PENDING: ``final_on`` is the day from which the award is FINAL if nothing changes; where that is not known it is null,
``waits_for`` says what is known, and ``decided_by`` the day on which the program closes. ``0-30 days`` to ``over 90 days``:
approved and not paid, by days since the entry that approved it; of a program's the oldest is clawed back and paid first, and what
a failed payment gives back has its old age again. ``NEGATIVE``: more was clawed back, charged or paid than ever became payable.
By beneficiary and instrument PENDING sums to the balance of the pending account, and all other buckets to that of the payable one.
"""
