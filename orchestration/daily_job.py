"""The job ``daily_incentives``: its definition, its schedule, and running it over the days that are due.

Does not belong here: what its assets do.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.errors import IncentivesError
from orchestration.ingestion import check_first_day, last_processed
from orchestration.partitions import range_tags
from orchestration.progress import Progress
from orchestration.settings import Settings
from orchestration.window import DAY

JOB = "daily_incentives"


def job() -> Any:
    """Every asset, over a day or a range of days, in one run and one process."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Deliveries to movements, marts, awards, ledger and served marts, for every requested day at once.",
    )


def schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Each morning, all unprocessed days up to yesterday, in one run: today's deliveries may still be coming."""

    def due(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        now = context.scheduled_execution_time.astimezone(ZoneInfo(settings.time_zone))
        try:
            first = last_processed(settings, Progress.load(settings)) + DAY
            check_first_day(settings, first - DAY)
        except IncentivesError as error:
            yield dg.SkipReason(str(error))
            return
        last = now.date() - DAY
        if first > last:
            yield dg.SkipReason(f"every day up to {last} is processed")
            return
        yield dg.RunRequest(run_key=f"{first}..{last}", tags=range_tags(first, last))

    return dg.ScheduleDefinition(
        name=f"{JOB}_schedule",
        job_name=JOB,
        cron_schedule="0 6 * * *",
        execution_timezone=settings.time_zone,
        execution_fn=due,
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )


def today(settings: Settings) -> date:
    """The business day that it is now."""
    return datetime.now(ZoneInfo(settings.time_zone)).date()
