"""Assets of money: the incentive ledger, and what it says of referrers and partners.

Does not belong here: the posting rule (``ledger``), what is owed (dbt), or any payment.
"""

from collections.abc import Callable

import dagster as dg
import duckdb

from orchestration import dbt
from orchestration.agreement import require_agreement, require_measures
from orchestration.assets.feeds import CONTRACT, OWNER
from orchestration.assets.models import Translator
from orchestration.awards import post_day, programs_without_history, read_awards
from orchestration.closed_days import require_same_deliveries
from orchestration.errors import RefusedError
from orchestration.explanation import dollars
from orchestration.ledger.ledger import Ledger
from orchestration.recorded_heads import recorded_heads
from orchestration.reports import (
    LIABILITY_AGEING,
    PARTNER_INCENTIVE_PAYOUTS,
    REFERRAL_REWARD_LEDGER,
    TRIAL_BALANCE,
    load_ledger,
)
from orchestration.settings import Settings
from orchestration.terms_relations import used_versions
from orchestration.warehouse import open_warehouse, read_window

FINANCE = "team:finance"
MEASURED_AGAIN = 3
"""Candidates a day whose figures are summed again from their lines: a few seconds on a year of them."""


def incentive_ledger_asset(settings: Settings, money_checks: frozenset[dg.AssetCheckKey]) -> dg.AssetsDefinition:
    """The posting of the run's day: what is owed now less what was posted before."""

    @dg.asset(
        name="incentive_ledger",
        group_name="ledger",
        owners=[OWNER, FINANCE],
        kinds={"python", "sqlite"},
        deps=["incentive_awards", "covered_days", "partner_gmv_daily", "referral_conversions", "deliveries"],
        required_resource_keys={"writer"},
        description="Append-only double entry. Posts only where every check on money of this same run passed.",
    )
    def incentive_ledger(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        require_money_checks(context, money_checks)
        with open_warehouse(settings) as connection:
            window = read_window(connection)
            require_same_deliveries(connection, settings)
            agreed = require_agreement(connection)
            measured = require_measures(connection, MEASURED_AGAIN)
            posted = post_day(
                settings, window, read_awards(connection), used_versions(connection), recorded_heads(settings)
            )
            if posted.differences:
                raise RefusedError(f"the ledger differs from the awards: {posted.differences[0]}")
            for program in programs_without_history(connection):
                context.log.warning(
                    f"{program} makes no award: no line counts in its baseline window, so there is no history"
                )
            entries, balances = load_ledger(connection, Ledger.open(settings.ledger_url))
            columns = column_schema(connection, "ledger_entries")
        context.log.info(posted.result.message)
        return dg.MaterializeResult(
            metadata={
                "as_of": window.as_of.isoformat(),
                "dagster/row_count": entries,
                "dagster/column_schema": columns,
                "accounts": balances,
                "awards": posted.awards,
                "second opinions that agree": agreed,
                "measured again from order lines": ", ".join(measured) or "none",
                "posting": posted.result.posting_no or 0,
                "entries_posted": posted.result.entry_count,
                "message": posted.result.message,
                "head": posted.result.head.hash,
                "head_posting_no": posted.result.head.posting_no,
            }
        )

    return incentive_ledger


def liability_by_program(connection: duckdb.DuckDBPyConnection) -> dg.TableMetadataValue:
    """What is owed and not paid under each program and instrument, in dollars as text: money is no float."""
    rows = connection.execute(
        """select
            coalesce(program_id, ''), instrument,
            cast(coalesce(sum(open_cents) filter (where bucket = 'PENDING'), 0) as bigint),
            cast(coalesce(sum(open_cents) filter (where bucket <> 'PENDING'), 0) as bigint)
        from ledger.liability_ageing group by program_id, instrument order by all"""
    ).fetchall()
    names = ("program", "instrument", "pending", "payable")
    records = [
        dg.TableRecord(dict(zip(names, (program, instrument, dollars(pending), dollars(payable)), strict=True)))
        for program, instrument, pending, payable in rows
    ]
    return dg.MetadataValue.table(
        records, schema=dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in names])
    )


def column_schema(connection: duckdb.DuckDBPyConnection, relation: str) -> dg.TableSchema:
    """The columns of a relation of the ledger, as they stand in the warehouse."""
    columns = connection.execute(f"select column_name, lower(column_type) from (describe ledger.{relation})").fetchall()
    return dg.TableSchema(columns=[dg.TableColumn(name, kind) for name, kind in columns])


def report_asset(
    settings: Settings,
    name: str,
    sql: str,
    description: str,
    pictures: Callable[[duckdb.DuckDBPyConnection], dict[str, dg.TableMetadataValue]] = lambda _: {},
) -> dg.AssetsDefinition:
    """A report over the ledger, made anew after each posting; ``pictures``: what people would rather look at, by title."""

    @dg.asset(
        name=name,
        group_name="ledger",
        owners=[OWNER, FINANCE],
        kinds={"duckdb"},
        deps=["incentive_ledger", "payout_proposals"],
        required_resource_keys={"writer"},
        description=description,
    )
    def report(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with open_warehouse(settings) as connection:
            connection.execute(sql)
            (rows,) = connection.execute(f"select count(*) from ledger.{name}").fetchone() or (0,)
            as_of = read_window(connection).as_of
            columns = column_schema(connection, name)
            looked_at = pictures(connection)
        return dg.MaterializeResult(
            metadata={
                "as_of": as_of.isoformat(),
                "dagster/row_count": rows,
                "dagster/column_schema": columns,
                **looked_at,
            }
        )

    return report


def ledger_assets(settings: Settings, money_checks: frozenset[dg.AssetCheckKey]) -> list[dg.AssetsDefinition]:
    """The ledger and the reports that stand on it."""
    return [
        incentive_ledger_asset(settings, money_checks),
        report_asset(
            settings,
            "referral_reward_ledger",
            REFERRAL_REWARD_LEDGER,
            "One row per entry of a referral program, with the referral's status and the referrer's running balance.",
        ),
        report_asset(
            settings,
            "partner_incentive_payouts",
            PARTNER_INCENTIVE_PAYOUTS,
            "What each partner is owed by program, period and instrument: provisional, approved, paid, open, and what holds it.",
        ),
        report_asset(
            settings,
            "trial_balance",
            TRIAL_BALANCE,
            "Opening, debits, credits and closing of each account by month; every month sums to 0.",
        ),
        report_asset(
            settings,
            "liability_ageing",
            LIABILITY_AGEING,
            "What is open by program and beneficiary: pending by the day it turns FINAL, payable by its age.",
            lambda connection: {"liability by program": liability_by_program(connection)},
        ),
    ]


def money_check_keys(settings: Settings, translator: Translator, feeds: list[str]) -> frozenset[dg.AssetCheckKey]:
    """Every check whose result of this run a posting needs: the contracts of feeds that stop a day, dbt's tests on money."""
    from dagster_dbt.asset_utils import get_asset_check_key_for_test

    keys = {dg.AssetCheckKey(dg.AssetKey(feed), CONTRACT) for feed in feeds}
    for test in dbt.money_tests(settings):
        key = get_asset_check_key_for_test(dbt.manifest(settings), translator, test["unique_id"], project=None)
        if key is None:
            raise RefusedError(f"the test {test['name']} hangs on no asset: name its model in meta.dagster.ref")
        keys.add(key)
    return frozenset(keys)


def require_money_checks(context: dg.AssetExecutionContext, expected: frozenset[dg.AssetCheckKey]) -> None:
    """RefusedError naming a check that concerns money and failed in this run, or has no result in it."""
    records = context.instance.get_records_for_run(
        context.run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    passed: dict[dg.AssetCheckKey, bool] = {}
    for record in records:
        event = record.event_log_entry.dagster_event
        if event is not None:
            evaluation = event.asset_check_evaluation_data
            passed[evaluation.asset_check_key] = evaluation.passed and passed.get(evaluation.asset_check_key, True)
    failed = sorted(key.to_user_string() for key in expected if passed.get(key) is False)
    absent = sorted(key.to_user_string() for key in expected - passed.keys())
    if failed:
        raise RefusedError(f"nothing was posted, since a check on money failed: {', '.join(failed[:3])}")
    if absent:
        raise RefusedError(
            f"nothing was posted, since this run has no result of {len(absent)} checks on money (the first: {absent[0]}); "
            "run the job daily_incentives, which has them all"
        )
