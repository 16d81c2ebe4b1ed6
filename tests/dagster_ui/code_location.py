"""The code location of one deployment, loaded and run in this process, with a run storage of its own.

Belongs here: running the daily job, or some of its assets, and reading what a run left in Dagster. Does not belong here: the
UI and its processes (``dagster_ui``), or any data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import dagster as dg
from deployment import Deployment

from orchestration.daily_job import JOB
from orchestration.definitions import build_defs
from orchestration.home import prepare_home
from orchestration.partitions import PARTITION, range_tags
from orchestration.settings import Settings


def settings_of(deployment: Deployment) -> Settings:
    """The settings of a deployment, as its command reads them from the environment."""
    return Settings(
        home=deployment.home,
        landing=deployment.landing,
        programs=deployment.programs,
        ledger_url=f"sqlite:///{deployment.home / 'ledger' / 'ledger.sqlite'}",
        time_zone="UTC",
        first_day=date(2025, 9, 1),
        serving_group=None,
        finance_group=None,
    )


def load(deployment: Deployment) -> dg.Definitions:
    """What Dagster shows and runs for a deployment; makes its home."""
    prepare_home(settings_of(deployment))
    return build_defs(settings_of(deployment))


@dataclass(frozen=True)
class CodeLocation:
    """A deployment's definitions, and the run storage that its runs of this process leave their events in."""

    deployment: Deployment
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    @property
    def settings(self) -> Settings:
        return settings_of(self.deployment)

    def run(self, tags: dict[str, str], *assets: str) -> dg.ExecuteInProcessResult:
        """Runs the daily job, or only these of its assets, whether or not it succeeds."""
        return self.definitions.resolve_job_def(JOB).execute_in_process(
            instance=self.instance,
            tags=tags,
            raise_on_error=False,
            asset_selection=[dg.AssetKey(asset) for asset in assets] or None,
        )

    def run_range(self, first: str, last: str, *assets: str) -> dg.ExecuteInProcessResult:
        """One run over a range of delivery days, as a backfill starts it."""
        return self.run(range_tags(date.fromisoformat(first), date.fromisoformat(last)), *assets)

    def run_day(self, day: str, *assets: str) -> dg.ExecuteInProcessResult:
        """A run of one partition, as the UI starts it."""
        return self.run({PARTITION: day}, *assets)

    def materialized(self, asset: str) -> set[str]:
        """The days of an asset that Dagster reports as materialised."""
        return self.instance.get_materialized_partitions(dg.AssetKey(asset))


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, object]:
    """What the run said of an asset."""
    [event] = [
        event
        for event in result.all_events
        if event.is_step_materialization and event.asset_key == dg.AssetKey(asset) and event.partition is None
    ]
    return {label: value.value for label, value in event.step_materialization_data.materialization.metadata.items()}


def check(result: dg.ExecuteInProcessResult, asset: str, name: str) -> dg.AssetCheckEvaluation:
    """What a check of an asset said in the run."""
    [found] = [
        evaluation
        for evaluation in result.get_asset_check_evaluations()
        if (evaluation.asset_key, evaluation.check_name) == (dg.AssetKey(asset), name)
    ]
    return found


def refusal(result: dg.ExecuteInProcessResult) -> str:
    """Why a run ended red: what the first step that failed said."""
    assert not result.success
    data = next(event for event in result.all_events if event.is_step_failure).step_failure_data
    if data.user_failure_data is not None:
        return data.user_failure_data.description or ""
    return data.error.cause.message if data.error.cause else data.error.message


def warnings(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """What the run's own code warned of."""
    return [entry.user_message for entry in instance.all_logs(run_id) if entry.level == 30 and not entry.dagster_event]
