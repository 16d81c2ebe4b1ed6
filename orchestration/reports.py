"""Reports that need the ledger: its entries and balances beside the marts, what members and partners are owed.

They are relations of the warehouse, schema ``ledger``, made anew after each posting. Does not belong here: posting itself.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

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

# What an entry adds to what is pending and to what is approved (rulebook 3).
_PENDING = """case entry_type
        when 'ACCRUE' then amount_cents when 'RELEASE' then -amount_cents when 'APPROVE' then -amount_cents else 0 end"""
_APPROVED = """case entry_type
        when 'APPROVE' then amount_cents when 'ADJUST' then amount_cents when 'CLAWBACK' then -amount_cents else 0 end"""

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
    where programs.kind = 'referral_reward'"""

PARTNER_INCENTIVE_PAYOUTS = f"""
    create or replace table ledger.partner_incentive_payouts as
    with held_partners as (
        select partner_id, payee_id, tax_form_on_file
        from (
            select *, row_number() over (partition by partner_id order by updated_at desc, landed_on desc) as newest_first
            from staging.stg_partners
        )
        where newest_first = 1
    ),
    positions as (
        select
            beneficiary_id as partner_id, program_id, period, instrument,
            cast(sum({_PENDING}) as bigint) as provisional_cents,
            cast(sum({_APPROVED}) as bigint) as approved_cents
        from ledger.ledger_entries
        where beneficiary_type = 'PARTNER' and program_id is not null
        group by all
    )
    select
        positions.partner_id, positions.program_id, positions.period, positions.instrument,
        positions.provisional_cents, positions.approved_cents,
        cast(0 as bigint) as paid_cents,
        positions.approved_cents as open_cents,
        case
            when positions.approved_cents <= 0 then null
            when held_partners.payee_id is null then 'payee_id is missing'
            when positions.instrument = 'CASH' and not held_partners.tax_form_on_file then 'tax form is missing'
        end as hold_reason
    from positions
    left join held_partners on positions.partner_id = held_partners.partner_id"""


def load_ledger(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> tuple[int, int]:
    """Copies entries and balances into the warehouse, whole; how many of each there are."""
    connection.execute("create schema if not exists ledger")
    entries = _load(connection, ledger, "ledger_entries", _ENTRIES)
    balances = _load(connection, ledger, "ledger_balances", _BALANCES)
    return entries, balances


def _load(connection: duckdb.DuckDBPyConnection, ledger: Ledger, table: str, schema: pl.Schema) -> int:
    rows = pl.DataFrame(list(ledger.rows(table)), schema=schema, orient="row")
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "rows.parquet"
        rows.write_parquet(part)
        connection.execute(f"create or replace table ledger.{table} as select * from read_parquet(?)", [str(part)])
    return rows.height
