"""The partitions that Dagster offers: one a delivery day (landed_on).

Does not belong here: which of them are due (``ingestion``).
"""

from __future__ import annotations

from datetime import date

import dagster as dg

from orchestration.settings import Settings

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"
REBUILD = "incentives/rebuild"
"""A run with this tag makes all movements anew from the accepted rows."""
STOPPED_BY = "incentives/stopped_by"
"""A run with this tag was shortened, since it came to this refused delivery."""


def delivery_days(settings: Settings) -> dg.DailyPartitionsDefinition:
    """One partition a day from the first that the deployment offers to today, in the business time zone."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.first_day.isoformat(), timezone=settings.time_zone, end_offset=1
    )


def range_tags(first: date, last: date) -> dict[str, str]:
    """The tags of one run over the days first..last, both included."""
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}


def requested_days(run: dg.DagsterRun) -> tuple[date, date] | None:
    """The first and last day that a run asks for; None for a run without partitions."""
    tags = run.tags
    if RANGE_START in tags:
        return date.fromisoformat(tags[RANGE_START]), date.fromisoformat(tags[RANGE_END])
    if PARTITION in tags:
        day = date.fromisoformat(tags[PARTITION])
        return day, day
    return None


def shorten_run(instance: dg.DagsterInstance, run: dg.DagsterRun, last: date, stopped_by: str) -> None:
    """Makes the run end earlier, before a refused delivery, so that Dagster reports only the partitions that it worked off.

    Both the stored run and the one in hand: later steps of the process read the latter.
    """
    tags = {RANGE_END: last.isoformat(), STOPPED_BY: stopped_by}
    run.tags.update(tags)  # type: ignore[attr-defined]
    instance.add_run_tags(run.run_id, tags)
