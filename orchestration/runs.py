"""Running the daily job from a command: the same job, lock, run record and checks as from the Dagster UI.

Belongs here: which days a command asks for, and what a finished run means for the person who asked. Does not belong here: any step
of the job.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg
import duckdb
from sqlalchemy.exc import DBAPIError

from orchestration.daily_job import JOB, today
from orchestration.definitions import build_defs
from orchestration.errors import BusyError, IncentivesError, RefusedError, SettingsError
from orchestration.event_log import close_left_open
from orchestration.home import prepare_home
from orchestration.ingestion import check_first_day, earliest_delivery, last_processed
from orchestration.partitions import RANGE_END, REBUILD, range_tags
from orchestration.progress import Progress
from orchestration.settings import Settings
from orchestration.window import DAY
from orchestration.writer_lock import writer_lock

_BY_COMMAND = "incentives/by_command"
"""A run with this tag lasts no longer than the process of the command that started it."""

_IN_QUEUE = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
"""What Dagster takes for at work: one such run keeps all others waiting."""

_INTERRUPTION = dg.DagsterExecutionInterruptedError.__name__

_NO_ROOM = re.compile(
    r"No space left on device|disk is full|disk I/O error|File too large|Disk quota exceeded", re.IGNORECASE
)
"""What DuckDB, SQLite, Polars, dbt and Python say where a disk is full: their classes of errors are many."""

_OF_THE_DISK = {error.__name__ for error in (OSError, *OSError.__subclasses__())} | {duckdb.IOException.__name__}

_BY_NAME: dict[str, type[IncentivesError]] = {
    error.__name__: error for error in (BusyError, IncentivesError, RefusedError, SettingsError)
}


MODELS = "models"
COVERAGE_CHECK = "movements_cover_every_day"


@dataclass(frozen=True)
class RunOutcome:
    """A finished run: the days it was asked for, what the ledger said, its id in Dagster, and its seconds."""

    first: date
    last: date
    posting: str
    run_id: str
    seconds: float


def run_through(settings: Settings, through: date, daily: bool, report: Callable[[RunOutcome], None]) -> None:
    """Runs the job over every unprocessed day up to ``through`` (today at the latest), at once or day by day."""
    prepare_home(settings)
    with writer_lock(settings, f"incentives run --through {through}"):
        last = min(through, today(settings))
        done = last_processed(settings, Progress.load(settings))
        if last < done:
            last = done
        ranges = [(min(done + DAY, last), last)]
        if daily and last > done:
            days = (last - done).days
            ranges = [(done + DAY * step, done + DAY * step) for step in range(1, days + 1)]
        if last < earliest_delivery(settings):
            raise SettingsError(
                f"nothing was delivered up to {last}; the first delivery is {earliest_delivery(settings)}"
            )
        check_first_day(settings, done)
        for first_day, last_day in ranges:
            report(_execute(settings, first_day, last_day, {}))


def rebuild(settings: Settings, report: Callable[[RunOutcome], None]) -> None:
    """Makes everything after the accepted rows anew, up to the last processed day."""
    prepare_home(settings)
    with writer_lock(settings, "incentives rebuild"):
        done = Progress.load(settings).processed_through
        if done is None:
            raise SettingsError("nothing was processed yet, so there is nothing to rebuild; use `incentives run`")
        report(_execute(settings, done, done, {REBUILD: "true"}))


def _execute(settings: Settings, first: date, last: date, tags: dict[str, str]) -> RunOutcome:
    began = time.monotonic()
    job = build_defs(settings).resolve_job_def(JOB)
    log = (settings.home / "logs" / "run.log").open("a", encoding="utf-8")
    # dbt's own lines go to a log: the terminal shows steps.
    with _usable_storage(settings), log, redirect_stdout(log), dg.DagsterInstance.get() as instance:
        _end_abandoned(settings, instance)
        result = job.execute_in_process(
            instance=instance,
            tags=range_tags(first, last) | tags | {_BY_COMMAND: "true"},
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {}}}},
        )
        if not result.success:
            if _was_interrupted(result):
                raise KeyboardInterrupt
            raise _failure(result)
        posting = _posting(result)
    return RunOutcome(first, last, posting, result.run_id, time.monotonic() - began)


@contextmanager
def _usable_storage(settings: Settings) -> Iterator[None]:
    """What Dagster's own databases raise, as an error for people: they are the first to have no room on a full disk."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        told = str(error.orig if isinstance(error, DBAPIError) else error).splitlines()[0]
        raise SettingsError(
            f"Dagster cannot write to {settings.dagster_home} ({told}): free space or mend its permissions, then run the "
            "same command again"
        ) from error


def _end_abandoned(settings: Settings, instance: dg.DagsterInstance) -> None:
    """Reports runs of killed commands as failed: this one holds the lock, so none of them lasts, yet they block the queue."""
    close_left_open(settings.dagster_home / "history" / "runs")
    unfinished = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
    for run in instance.get_runs(dg.RunsFilter(tags={_BY_COMMAND: "true"}, statuses=unfinished)):
        instance.report_run_failed(run, "the process of this run ended before it; the run after it does its work")


def end_orphans(settings: Settings) -> str | None:
    """Before a UI opens: reports the runs of one that went with its machine as failed, for in its queue they would last for good.

    Whoever is at work holds the lock; then nothing is done, and what is returned says so.
    """
    try:
        with (
            writer_lock(settings, "incentives ui"),
            _usable_storage(settings),
            dg.DagsterInstance.get() as instance,
        ):
            close_left_open(settings.dagster_home / "history" / "runs")
            for run in instance.get_runs(dg.RunsFilter(statuses=_IN_QUEUE)):
                cure = f"`incentives run --through {run.tags.get(RANGE_END, 'DAY')}` does its work, its payout day included"
                instance.report_run_failed(run, f"the processes of this run ended before it: {cure}")
    except BusyError as busy:
        return f"{busy}; a run that went with its machine keeps others waiting until the UI is opened again after that"
    return None


def _posting(result: dg.ExecuteInProcessResult) -> str:
    for event in result.asset_materializations_for_node("incentive_ledger"):
        return str(event.metadata["message"].value)
    return ""


def _was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether a person stopped the run, which Dagster reports as the failure of a step."""
    failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    return any(data.error is not None and data.error.cls_name == _INTERRUPTION for data in failures)


def _failure(result: dg.ExecuteInProcessResult) -> IncentivesError:
    """The failed run as an error for people: what a step raised, or the checks that failed."""
    failed_checks = [
        evaluation.asset_check_key.to_user_string()
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR
    ]
    for event in result.all_events:
        if event.is_step_failure:
            return _failed_step(event, failed_checks, result.run_id)
    return RefusedError(f"run {result.run_id} failed; see it in the Dagster UI")


def _failed_step(event: dg.DagsterEvent, failed_checks: list[str], run_id: str) -> IncentivesError:
    """What a step raised, where it is one of ours or the disk's; else what is known of its failure."""
    data = event.step_failure_data
    error = data.error.cause if data.error and data.error.cause else data.error
    if error is not None and error.cls_name in _BY_NAME:
        return _BY_NAME[error.cls_name](error.message.split(": ", 1)[-1].strip())
    told = error.message.strip().splitlines()[0] if error is not None else "no reason given"
    if (room := _NO_ROOM.search(_all_said(data))) is not None:
        return SettingsError(f"{room[0]}, in step {event.step_key}: free space, then run the same command again")
    if error is not None and error.cls_name in _OF_THE_DISK:
        return SettingsError(f"step {event.step_key} failed: {told}: mend the place, then run the same command again")
    if event.step_key == MODELS and failed_checks:
        return _failed_checks(failed_checks, run_id)
    if event.step_key == MODELS:
        return _failed_model(data.user_failure_data, run_id)
    if data.user_failure_data is not None:
        return RefusedError(data.user_failure_data.description or f"{event.step_key} failed")
    return RefusedError(f"step {event.step_key} of run {run_id} failed: {told}; see it in the Dagster UI")


def _all_said(data: Any) -> str:
    """All words of a step's failure: those of the error and of what caused it, and those of dbt."""
    error = data.error.to_string() if data.error else ""
    return f"{error} {data.user_failure_data.description if data.user_failure_data else ''}"


def _failed_model(failure: Any, run_id: str) -> RefusedError:
    """dbt tells at length; a person needs to know which model, and where the rest stands."""
    named = re.search(r"in model (\w+)", failure.description or "") if failure is not None else None
    model = f"the model {named[1]}" if named else "a model"
    return RefusedError(f"{model} failed, so nothing was posted or published; see run {run_id} in the Dagster UI")


def _failed_checks(failed: list[str], run_id: str) -> RefusedError:
    """Which checks on the models failed, and the cure where one is known."""
    if any(check.endswith(COVERAGE_CHECK) for check in failed):
        return RefusedError("movements of earlier days are missing, so nothing was posted; run `incentives rebuild`")
    many = "a check" if len(failed) == 1 else f"{len(failed)} checks"
    return RefusedError(
        f"nothing was posted or published, since {many} failed: {', '.join(failed[:3])}; see run {run_id} in the Dagster UI"
    )
