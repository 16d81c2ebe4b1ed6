"""Assets of ingestion: the feeds, one asset each, and the run's context that dbt reads.

Does not belong here: how a delivery is accepted (``acceptance``) or which days are due (``ingestion``).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

import dagster as dg

from data_contracts.columns import Column
from data_contracts.feed_pages import page
from data_contracts.feeds import FEEDS, Feed
from orchestration import dbt
from orchestration.closed_days import write_read_deliveries
from orchestration.deliveries import DeliveryRecord, State, feed_records, read_records
from orchestration.errors import RefusedError
from orchestration.ingestion import (
    check_all_taken_in,
    check_range,
    earliest_delivery,
    ingest,
    last_processed,
    window_of,
)
from orchestration.partitions import REBUILD, requested_days, shorten_run
from orchestration.programs import checked_programs
from orchestration.progress import Progress
from orchestration.quarantine import breaches_of
from orchestration.settings import Settings
from orchestration.terms_relations import write_terms
from orchestration.warehouse import check_movements, forget_movements, open_warehouse, write_context
from orchestration.window import DAY

CONTRACT = "contract"
FRESHNESS = "freshness"
DAILY_FEEDS = ("orders", "order_lines")
"""Something of these feeds is expected each day; of any other a day without a delivery is as good as one with."""

OWNER = "team:data-engineering"


def feeds_asset(settings: Settings, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """One multi-asset of all feeds, partitioned by landed_on; any subset of it may be materialised."""

    @dg.multi_asset(
        name="feeds",
        specs=[_spec(feed, partitions) for feed in FEEDS.values()],
        check_specs=[
            *(
                dg.AssetCheckSpec(
                    CONTRACT, asset=name, description="No delivery refused; delivered = good + quarantined + repeats."
                )
                for name in FEEDS
            ),
            *(
                dg.AssetCheckSpec(FRESHNESS, asset=name, description="Each day of the run has a delivery; warns only.")
                for name in DAILY_FEEDS
            ),
        ],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"writer"},
    )
    def feeds(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Accepts the deliveries of the requested days; a day with a refused one, and all after it, wait."""
        days = requested_days(context.run)
        if days is None:
            raise RefusedError("feeds are materialised for a day or a range of days: choose partitions")
        progress = Progress.load(settings)
        check_range(settings, progress, *days)
        checked_programs(settings)  # before anything is taken in: insane terms leave the state as it was
        selected = frozenset(key.to_user_string() for key in context.selected_asset_keys)
        taken: dict[str, list[DeliveryRecord]] = defaultdict(list)

        def report(record: DeliveryRecord) -> None:
            taken[record.feed].append(record)
            context.log.info(
                f"{record.name}: {record.state}, {record.accepted} accepted, {record.quarantined} quarantined"
            )
            if record.unknown_columns:
                context.log.warning(f"{record.name}: unknown columns are dropped: {', '.join(record.unknown_columns)}")

        done = ingest(settings, progress, days[1], selected, report)
        for remark in done.ignored:
            context.log.warning(remark)
        if done.refused is not None:
            context.log.error(str(done.refused.reason))
            if done.through < days[0]:
                raise RefusedError(str(done.refused.reason))
            shorten_run(context.instance, context.run, done.through, done.refused.name)
        for name in sorted(selected):
            yield dg.MaterializeResult(asset_key=name, metadata=_counts(taken[name]) | _broken(settings, taken[name]))
            yield _contract_check(name, taken[name], done.refused)
        since = max(days[0], earliest_delivery(settings))
        for name in selected.intersection(DAILY_FEEDS):
            fresh = _freshness_check(name, days_without(settings, name, since, done.through))
            if not fresh.passed:
                context.log.warning(fresh.description)
            yield fresh

    return feeds


def run_context_asset(settings: Settings) -> dg.AssetsDefinition:
    """What the run is about, as relations that dbt reads: its window, the deliveries, the terms as of its day."""

    @dg.asset(
        name="run_context",
        group_name="ingestion",
        owners=[OWNER],
        kinds={"python", "duckdb"},
        deps=list(FEEDS),
        required_resource_keys={"writer"},
        description="The window of this run, the deliveries, and the programs' terms with every cut-off day worked out.",
    )
    def run_context(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        progress = Progress.load(settings)
        days = requested_days(context.run)
        through = days[1] if days else last_processed(settings, progress)
        check_all_taken_in(settings, progress, through)
        window = window_of(settings, progress, through)
        if REBUILD in context.run.tags:
            window = window.from_the_beginning()
            with open_warehouse(settings) as connection:
                forget_movements(connection)
        programs = checked_programs(settings)
        with open_warehouse(settings) as connection:
            check_movements(connection, window, dbt.kept_relations(settings))
            write_context(connection, settings, window, read_records(settings), dbt.kept_marts(settings))
            write_read_deliveries(connection, settings, window.known_through)
            write_terms(connection, programs, window.as_of, window.first_delivery)
        return dg.MaterializeResult(
            metadata={
                "as_of": window.as_of.isoformat(),
                "known_from": window.known_from.isoformat(),
                "known_through": window.known_through.isoformat(),
                "first_delivery": str(window.first_delivery),
                "programs": [program.program_id for program in programs],
            }
        )

    return run_context


def days_without(settings: Settings, feed: str, first: date, last: date) -> list[date]:
    """The days first..last on which nothing of a feed was delivered."""
    delivered = {record.landed_on for record in feed_records(settings, feed)}
    return [day for number in range((last - first).days + 1) if (day := first + DAY * number) not in delivered]


def _spec(feed: Feed, partitions: dg.PartitionsDefinition[str]) -> dg.AssetSpec:
    columns = [_table_column(column) for column in feed.columns]
    columns.append(dg.TableColumn("landed_on", "date", "the delivery day"))
    return dg.AssetSpec(
        feed.name,
        description=f"{feed.description} Accepted versions, immutable, by delivery day.",
        group_name="ingestion",
        owners=[OWNER],
        kinds={"python", "polars", "parquet"},
        partitions_def=partitions,
        metadata={
            "dagster/column_schema": dg.TableSchema(columns=columns),
            "key": list(feed.key),
            "contract": dg.MetadataValue.md(page(feed)),
        },
    )


def _table_column(column: Column) -> dg.TableColumn:
    return dg.TableColumn(
        column.accepted_name,
        column.sql_type,
        column.description,
        constraints=dg.TableColumnConstraints(nullable=not column.required),
    )


def _counts(records: list[DeliveryRecord]) -> dict[str, dg.MetadataValue]:
    """Row counts, and the newest deliveries as a table."""
    used = [record for record in records if record.state is State.ACCEPTED]
    newest = [
        dg.TableRecord(
            {
                "landed_on": record.landed_on.isoformat(),
                "state": str(record.state),
                "delivered": record.delivered,
                "accepted": record.accepted,
                "overtaken": record.overtaken,
                "quarantined": record.quarantined,
                "repeats": record.repeats,
            }
        )
        for record in records[-20:]
    ]
    return {
        "dagster/row_count": dg.MetadataValue.int(sum(record.accepted for record in used)),
        "delivered": dg.MetadataValue.int(sum(record.delivered for record in used)),
        "quarantined": dg.MetadataValue.int(sum(record.quarantined for record in used)),
        "deliveries": dg.MetadataValue.table(newest, schema=_DELIVERIES),
    }


_BREACHES_SHOWN = 50
_BREACHES = dg.TableSchema(
    columns=[
        *(dg.TableColumn(name, "string") for name in ("landed_on", "state", "column", "rule")),
        dg.TableColumn("rows", "int"),
        dg.TableColumn("example", "string", "the first such row, as delivered"),
    ]
)
_DELIVERIES = dg.TableSchema(
    columns=[
        dg.TableColumn("landed_on", "string"),
        dg.TableColumn("state", "string"),
        *(dg.TableColumn(name, "int") for name in ("delivered", "accepted", "overtaken", "quarantined", "repeats")),
    ]
)


def _broken(settings: Settings, records: list[DeliveryRecord]) -> dict[str, dg.MetadataValue]:
    """What broke of these deliveries as a table, by day and rule; nothing where nothing did."""
    found = breaches_of(settings, records)
    if not found:
        return {}
    rows = [
        dg.TableRecord(
            {
                "landed_on": breach.landed_on.isoformat(),
                "state": breach.state,
                "column": breach.column,
                "rule": breach.rule,
                "rows": breach.rows,
                "example": f"{breach.file}, row {breach.row_number}: {breach.text}",
            }
        )
        for breach in found[:_BREACHES_SHOWN]
    ]
    return {"broken": dg.MetadataValue.table(rows, schema=_BREACHES)}


def _contract_check(feed: str, records: list[DeliveryRecord], stopping: DeliveryRecord | None) -> dg.AssetCheckResult:
    """Passes where what is used of the feed keeps its contract: refused deliveries of the day that stops the run are not used."""
    unbalanced = [
        record.name
        for record in records
        if record.delivered != record.good + record.quarantined + record.repeats
        or record.good != record.accepted + record.overtaken
    ]
    refused = [record.name for record in records if record.state is State.REFUSED]
    used = [
        record
        for record in records
        if record.state is State.REFUSED and (stopping is None or record.landed_on < stopping.landed_on)
    ]
    states = Counter(str(record.state) for record in records)
    return dg.AssetCheckResult(
        asset_key=feed,
        check_name=CONTRACT,
        passed=not unbalanced and not used,
        severity=dg.AssetCheckSeverity.ERROR if FEEDS[feed].stops_day or unbalanced else dg.AssetCheckSeverity.WARN,
        metadata={"states": dict(states), "refused": refused, "unbalanced": unbalanced},
    )


def _freshness_check(feed: str, missing: list[date]) -> dg.AssetCheckResult:
    """Warns of days without a delivery: a feed that stays silent is more often late than empty."""
    told = f"{feed}: nothing was delivered on {len(missing)} days, the first is {missing[0]}" if missing else None
    return dg.AssetCheckResult(
        asset_key=feed,
        check_name=FRESHNESS,
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        description=told,
        metadata={"days_without_delivery": [day.isoformat() for day in missing]},
    )
