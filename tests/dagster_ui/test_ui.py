"""What people see in the Dagster UI of a home in which a command ran, and a backfill that they start there.

One UI serves all tests: through October 2 the command ran, the days after it are backfilled from the UI.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster_ui import LOCATION, DagsterUI, opened, wait_for
from deployment import Deployment

from data_contracts.feeds import FEEDS
from orchestration import dbt
from orchestration.assets.models import PARTITIONED
from orchestration.partitions import RANGE_END, RANGE_START
from tests.end_to_end import golden_world as golden

ASSETS = """{ assetNodes {
    assetKey { path } groupName kinds description isPartitioned partitionDefinition { name type }
    owners { ... on TeamAssetOwner { team } }
    assetMaterializations(limit: 1) {
        runId metadataEntries { label ... on TextMetadataEntry { text } ... on IntMetadataEntry { intValue } }
    }
    assetPartitionStatuses { ... on TimePartitionStatuses { ranges { startKey endKey status } } }
    assetChecksOrError { ... on AssetChecks { checks {
        name executionForLatestMaterialization { status runId evaluation { severity } }
    } } }
} }"""
RUNS = "{ runsOrError { ... on Runs { results { runId jobName status tags { key value } } } } }"
LOCATIONS = "{ repositoriesOrError { ... on RepositoryConnection { nodes {"
LOCATIONS += " jobs { name } schedules { name cronSchedule executionTimezone } } } } }"
SETTINGS = "{ instance { runQueueConfig { maxConcurrentRuns } } }"
BACKFILL = """mutation($backfill: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $backfill) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
} }"""
RUN_OF_BACKFILL = """query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill {
    status error { message } runs(limit: 50) { runId status tags { key value } }
} } }"""

MONEY_ASSETS = (
    "incentive_ledger",
    "payout_proposals",
    "referral_reward_ledger",
    "partner_incentive_payouts",
    "trial_balance",
    "liability_ageing",
)
GMV = "select gmv_date, seller_id, content_type, gross_cents, net_cents, units, orders from {} order by all"
ENTRIES = """
    select entry_no, as_of, entry_type, debit_account, credit_account, amount_cents
    from finance.ledger_entries order by entry_no"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Processed through October 2 by the command; nothing of Dagster is at work."""
    deployment = Deployment(tmp_path_factory.mktemp("ui") / "deployment", {"INCENTIVES_FIRST_DAY": "2025-09-01"})
    golden.land(deployment)
    deployment.run("2025-10-02")
    return deployment


@pytest.fixture(scope="module")
def orphans(deployment: Deployment) -> list[str]:
    """Runs of a UI whose machine went down while they were at work."""
    states = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
    with dg.DagsterInstance.from_config(str(deployment.home / "dagster")) as instance:
        return [instance.create_run_for_job(lost, status=state).run_id for state in states]


@dg.job
def lost() -> None:
    """What a run was of that has no process any more."""


@pytest.fixture(scope="module")
def ui(deployment: Deployment, orphans: list[str]) -> Iterator[DagsterUI]:
    with opened(deployment) as answering:
        yield answering


@pytest.fixture(scope="module")
def backfill(ui: DagsterUI) -> list[dict[str, Any]]:
    """The runs of a backfill over October 3 and 4, when all have ended."""
    selector = {"repositorySelector": LOCATION, "partitionSetName": "daily_incentives_partition_set"}
    asked = {"selector": selector, "partitionNames": ["2025-10-03", "2025-10-04"]}
    launched = ui.ask(BACKFILL, backfill=asked)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched

    def ended() -> list[dict[str, Any]]:
        runs = ui.ask(RUN_OF_BACKFILL, id=launched["backfillId"])["partitionBackfillOrError"]["runs"]
        return runs if all(run["status"] in ("SUCCESS", "FAILURE", "CANCELED") for run in runs) else []

    return wait_for(ended)


@pytest.fixture(scope="module")
def assets(ui: DagsterUI, backfill: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every asset as the UI shows it after the backfill."""
    return {"/".join(node["assetKey"]["path"]): node for node in ui.ask(ASSETS)["assetNodes"]}


def test_a_backfill_of_a_range_is_one_run(backfill: list[dict[str, Any]]) -> None:
    [run] = backfill
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}
    assert run["status"] == "SUCCESS"
    assert (tags[RANGE_START], tags[RANGE_END]) == ("2025-10-03", "2025-10-04")


@pytest.mark.usefixtures("backfill")
def test_runs_that_went_with_their_machine_keep_nobody_waiting(ui: DagsterUI, orphans: list[str]) -> None:
    """Of these Dagster would otherwise hold one for at work, and begin no other."""
    runs = ui.ask(RUNS)["runsOrError"]["results"]
    assert {run["runId"]: run["status"] for run in runs if run["runId"] in orphans} == dict.fromkeys(orphans, "FAILURE")


@pytest.mark.usefixtures("backfill")
def test_a_backfill_serves_and_posts_what_the_command_does(deployment: Deployment) -> None:
    assert deployment.rows(GMV.format("gmv_daily")) == golden.GMV_DAILY
    assert deployment.rows(ENTRIES) == golden.ENTRIES_DAILY[:1]
    assert deployment.incentives("verify").code == 0


def test_the_run_of_the_command_stands_beside_that_of_the_backfill(
    ui: DagsterUI, backfill: list[dict[str, Any]]
) -> None:
    runs = [run for run in ui.ask(RUNS)["runsOrError"]["results"] if run["jobName"] == "daily_incentives"]
    assert [run["status"] for run in runs] == ["SUCCESS"] * 2
    ranges = [{tag["key"]: tag["value"] for tag in run["tags"]}[RANGE_START] for run in runs]
    assert sorted(ranges) == ["2025-09-10", "2025-10-03"]


def test_every_noun_is_an_asset(assets: dict[str, dict[str, Any]]) -> None:
    models = {path.stem for path in (dbt.PROJECT / "models").rglob("*.sql")}
    assert assets.keys() >= {*FEEDS, *models, *MONEY_ASSETS, "served_marts"}


def test_every_asset_says_whose_and_what_it_is(assets: dict[str, dict[str, Any]]) -> None:
    for name, asset in assets.items():
        assert asset["groupName"] not in (None, "default"), name
        assert asset["kinds"] and asset["description"], name
        assert "data-engineering" in [owner["team"] for owner in asset["owners"]], name
    for name in MONEY_ASSETS:
        assert "finance" in [owner["team"] for owner in assets[name]["owners"]], name


def test_feeds_and_public_movements_are_partitioned_by_day(assets: dict[str, dict[str, Any]]) -> None:
    partitioned = {name for name, asset in assets.items() if asset["isPartitioned"]}
    assert partitioned == {*FEEDS, *PARTITIONED}
    for name in partitioned:
        assert assets[name]["partitionDefinition"]["type"] == "TIME_WINDOW"
        [materialized] = assets[name]["assetPartitionStatuses"]["ranges"]
        assert materialized == {"startKey": "2025-09-10", "endKey": "2025-10-04", "status": "MATERIALIZED"}, name


def test_what_is_cumulative_says_as_of_when_and_how_many_rows(assets: dict[str, dict[str, Any]]) -> None:
    for name, asset in assets.items():
        [newest] = asset["assetMaterializations"]
        said = {entry["label"]: entry.get("text", entry.get("intValue")) for entry in newest["metadataEntries"]}
        assert asset["isPartitioned"] or said["as_of"] == golden.LAST_DAY, name
        is_view = name.startswith("stg_") or name in ("line_movements", "lines_as_known", "run_context", "served_marts")
        assert is_view or isinstance(said["dagster/row_count"], int), name
        if name == "gmv_daily":
            assert said["dagster/row_count"] == len(golden.GMV_DAILY)


def test_every_check_has_a_result_of_the_backfill(
    assets: dict[str, dict[str, Any]], backfill: list[dict[str, Any]]
) -> None:
    checks = {
        (name, check["name"]): check["executionForLatestMaterialization"]
        for name, asset in assets.items()
        for check in asset["assetChecksOrError"].get("checks", [])
    }
    assert checks.keys() >= {("orders", "contract"), ("orders", "freshness"), ("gmv_daily", "marts_equal_movements")}
    for check, execution in checks.items():
        assert (execution["status"], execution["runId"]) == ("SUCCEEDED", backfill[0]["runId"]), check


def test_the_job_and_its_schedule_stand_in_the_business_time_zone(ui: DagsterUI) -> None:
    [location] = ui.ask(LOCATIONS)["repositoriesOrError"]["nodes"]
    assert "daily_incentives" in [job["name"] for job in location["jobs"]]
    [schedule] = location["schedules"]
    assert schedule["name"] == "daily_incentives_schedule" and schedule["executionTimezone"] == "UTC"


def test_one_run_at_a_time(ui: DagsterUI) -> None:
    assert ui.ask(SETTINGS)["instance"]["runQueueConfig"]["maxConcurrentRuns"] == 1
