"""The asset of publication, the last of a run: once it stands, the run's days are processed.

Does not belong here: how marts are published (``publication``).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg
import duckdb

from data_contracts.feeds import FEEDS
from data_contracts.public_marts import PUBLIC_MARTS
from orchestration.assets.feeds import OWNER
from orchestration.closed_days import check_same_history, closed_hashes, require_same_deliveries
from orchestration.deliveries import DeliveryRecord, State, read_records
from orchestration.errors import RefusedError
from orchestration.ingestion import check_all_taken_in
from orchestration.ledger.ledger import Ledger
from orchestration.partitions import STOPPED_BY
from orchestration.payout_desk import unposted
from orchestration.plots import Series, line_plot
from orchestration.progress import Progress
from orchestration.publication import loaded_head, publish, require_one_moment
from orchestration.recorded_heads import record_head, require_heads_held
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, read_window, require_built

REPORTS = (
    "incentive_ledger",
    "payout_proposals",
    "referral_reward_ledger",
    "partner_incentive_payouts",
    "trial_balance",
    "liability_ageing",
)
"""The assets that leave relations of schema ``ledger`` in the warehouse."""


def served_marts_asset(settings: Settings) -> dg.AssetsDefinition:
    """The public marts for BI, replaced in one step."""
    models = [mart.name for mart in PUBLIC_MARTS if not mart.relation.startswith("ledger.")]

    @dg.asset(
        name="served_marts",
        group_name="serving",
        owners=[OWNER],
        kinds={"duckdb", "parquet"},
        deps=[*models, *REPORTS],
        required_resource_keys={"writer"},
        description="Views over immutable Parquet in a versioned folder; an open reader never blocks a run, nor sees two versions.",
    )
    def served_marts(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        progress = Progress.load(settings)
        with open_warehouse(settings) as connection:
            # What is published is closed, for good.
            require_built(connection)
            window = read_window(connection)
            if progress.processed_through is not None and window.known_through < progress.processed_through:
                raise RefusedError(
                    f"nothing was published, since {settings.warehouse} stands as of {window.as_of} and {settings.home} was "
                    f"processed through {progress.processed_through}: `incentives rebuild` first"
                )
            check_all_taken_in(settings, progress, window.known_through)
            require_same_deliveries(connection, settings, FEEDS)
            require_day_posted(settings, connection, window.as_of)
            check_same_history(settings, progress)
            require_heads_held(settings)
            head = loaded_head(connection, Ledger.open(settings.ledger_url))
            require_one_moment(connection, head)
            closed = closed_hashes(settings, window.known_through)
            progress = replace(
                progress, earliest=window.earliest, processed_through=window.known_through, closed=closed
            )
            published = publish(connection, settings, window, head, progress)
            pictures: dict[str, dg.MetadataValue[Any]] = {
                "daily GMV": daily_gmv(connection),
                "quarantine by rule": quarantine_by_rule(connection),
            }
        progress.save(settings)
        record_head(settings)
        yield dg.MaterializeResult(
            metadata={
                "as_of": window.as_of.isoformat(),
                "version": published.number,
                "files_written": published.written,
                "files_shared_with_last_version": published.shared,
                "ledger_head": head.hash,
                **pictures,
                "rows": dg.MetadataValue.table(
                    [dg.TableRecord({"mart": name, "rows": count}) for name, count in published.rows.items()],
                    schema=dg.TableSchema(columns=[dg.TableColumn("mart", "string"), dg.TableColumn("rows", "int")]),
                ),
            }
        )
        stopping = stopping_delivery(settings, context.run)
        if stopping is not None:
            raise dg.Failure(
                f"processed through {window.known_through}; {stopping.reason}",
                allow_retries=False,
            )

    return served_marts


def require_day_posted(settings: Settings, connection: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """RefusedError where a day's posting was refused, or its run killed before it: closed, the day would never be posted.

    What a day that is posted already keeps for the next one is published.
    """
    last = Ledger.open(settings.ledger_url).last_awards_day()
    if (last is None or last < as_of) and (differences := unposted(settings, connection)):
        raise RefusedError(
            f"nothing was published, since {as_of} is not posted ({differences[0]}): run the whole job daily_incentives"
        )


def daily_gmv(connection: duckdb.DuckDBPyConnection) -> dg.MarkdownMetadataValue:
    """Net GMV of the last 60 paid days: as it was known by the day after, and as it stands now, restated."""
    rows = connection.execute(
        """select gmv_date, cast(sum(net_cents) filter (where known_on <= gmv_date + 1) as bigint),
            cast(sum(net_cents) as bigint)
        from movements.gmv_daily_movements
        where gmv_date > (select as_of from context.run_window) - 60
        group by gmv_date order by gmv_date"""
    ).fetchall()
    first = Series("known by the day after", "#999999", [row[1] for row in rows])
    now = Series("as it stands now", "#3b5bdb", [row[2] for row in rows])
    return dg.MetadataValue.md(line_plot("Net GMV by paid day (cents)", [str(row[0]) for row in rows], [first, now]))


def quarantine_by_rule(connection: duckdb.DuckDBPyConnection) -> dg.TableMetadataValue:
    """Broken rows by feed, column and rule, most first."""
    rows = connection.execute(
        """select feed, coalesce("column", ''), rule, count(*) as broken from marts.quarantine
        group by all order by broken desc, feed, rule limit 20"""
    ).fetchall()
    records = [dg.TableRecord({"feed": row[0], "column": row[1], "rule": row[2], "rows": row[3]}) for row in rows]
    columns = [dg.TableColumn(name, "string") for name in ("feed", "column", "rule")] + [dg.TableColumn("rows", "int")]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns=columns))


def stopping_delivery(settings: Settings, run: dg.DagsterRun) -> DeliveryRecord | None:
    """The refused delivery, if any, that shortened this run."""
    stopped_by = run.tags.get(STOPPED_BY)
    for record in read_records(settings):
        if record.name == stopped_by and record.state is State.REFUSED:
            return record
    return None
