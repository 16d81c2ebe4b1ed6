"""The daily job over days and ranges of days: what it takes in, what it refuses, what it reports as materialised.

Does not belong here: figures (``tests/end_to_end``) or how the UI shows a run (``test_ui``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import duckdb
import pytest
from code_location import CodeLocation, check, metadata, refusal, warnings
from conftest import StoppedRun
from dagster._core.definitions.schedule_definition import ScheduleExecutionData
from dagster_dbt import DbtCliInvocation

from orchestration import daily_job
from orchestration.assets.ledger import money_check_keys
from orchestration.assets.models import Translator
from orchestration.dbt import PROJECT
from orchestration.errors import RefusedError
from orchestration.ledger.chain import recorded_head
from orchestration.ledger.ledger import Ledger
from orchestration.partitions import RANGE_END, RANGE_START, delivery_days
from orchestration.progress import Progress
from orchestration.window import DAY
from tests.end_to_end import golden_world as golden

ENTRIES = """
    select entry_no, as_of, entry_type, debit_account, credit_account, amount_cents
    from finance.ledger_entries order by entry_no"""
PARTITIONED = ("orders", "refunds", "gmv_daily_movements", "partner_gmv_daily_movements", "creator_gmv_daily_movements")
THROUGH_OCTOBER_2 = {
    str(date.fromordinal(day)) for day in range(golden.SEPTEMBER_10.toordinal(), golden.OCTOBER_3.toordinal())
}

LOST = "market_monthly"


# A refused delivery inside a range


def test_a_refused_delivery_ends_the_run_red_and_is_named(stopped_run: StoppedRun) -> None:
    told = refusal(stopped_run.result)
    assert "processed through 2025-10-02" in told and "order_lines/landed_on=2025-10-03 is refused" in told


def test_only_the_days_before_a_refused_delivery_are_reported(stopped_run: StoppedRun) -> None:
    for asset in PARTITIONED:
        assert stopped_run.location.materialized(asset) == THROUGH_OCTOBER_2, asset


def test_the_days_before_a_refused_delivery_are_posted_and_served(
    stopped_run: StoppedRun, location: CodeLocation
) -> None:
    assert location.deployment.rows(ENTRIES) == golden.ENTRIES_DAILY[:1]
    for asset in ("gmv_daily", "incentive_awards", "incentive_ledger", "partner_incentive_payouts", "served_marts"):
        assert metadata(stopped_run.result, asset)["as_of"] == "2025-10-02", asset


def test_what_stands_on_the_ledger_says_its_columns(stopped_run: StoppedRun) -> None:
    for asset, column in (
        ("incentive_ledger", "amount_cents"),
        ("payout_proposals", "amount_cents"),
        ("partner_incentive_payouts", "open_cents"),
        ("trial_balance", "closing_cents"),
        ("liability_ageing", "open_cents"),
    ):
        columns = metadata(stopped_run.result, asset)["dagster/column_schema"].columns
        assert column in {named.name for named in columns if named.type == "bigint"}, asset


def test_days_without_orders_or_lines_are_a_warning(stopped_run: StoppedRun) -> None:
    for feed in ("orders", "order_lines"):
        freshness = check(stopped_run.result, feed, "freshness")
        assert not freshness.passed and freshness.severity == dg.AssetCheckSeverity.WARN
        days = freshness.metadata["days_without_delivery"].value
        assert len(days) == 20 and (days[0], days[-1]) == ("2025-09-11", "2025-09-30")
        told = f"{feed}: nothing was delivered on 20 days, the first is 2025-09-11"
        assert told in warnings(stopped_run.location.instance, stopped_run.result.run_id)


# Closed days, and days that are not due


def test_a_closed_day_materialised_again_is_verified_and_changes_nothing(location: CodeLocation) -> None:
    served, kept = location.deployment.served(), location.deployment.kept()
    result = location.run_day("2025-10-01")
    assert result.success
    assert location.deployment.served() == served
    now = location.deployment.kept()
    assert {place: digest for place, digest in now.items() if not place.startswith("serving/")} == {
        place: digest for place, digest in kept.items() if not place.startswith("serving/")
    }
    for asset in ("gmv_daily", "incentive_ledger", "served_marts"):
        assert metadata(result, asset)["as_of"] == "2025-10-02", asset
    assert location.materialized("gmv_daily_movements") == {"2025-10-01"}
    assert check(result, "orders", "freshness").passed


def test_a_closed_day_whose_bytes_changed_is_named(location: CodeLocation) -> None:
    location.deployment.put("orders", "2025-10-01", golden.ORDERS)
    assert "orders/landed_on=2025-10-01/delivery.csv changed" in refusal(location.run_day("2025-10-01", "orders"))


def test_a_range_that_leaves_out_an_unprocessed_day_is_refused_by_name(location: CodeLocation) -> None:
    before = location.deployment.kept()
    assert "2025-10-04 comes after 2025-10-03" in refusal(location.run_range("2025-10-04", "2025-10-05"))
    assert location.materialized("orders") == set()
    assert location.deployment.kept() == before


def test_a_day_is_not_closed_without_a_feed_that_was_delivered_and_not_asked_for(location: CodeLocation) -> None:
    """As somebody would who chooses a few assets in the UI."""
    # Of October 3, everything but order_lines was taken in by the run that it stopped.
    told = refusal(location.run_day("2025-10-03", "orders", "run_context"))
    assert "order_lines/landed_on=2025-10-03 was not taken in as it stands now" in told
    told = refusal(location.run_range("2025-10-03", "2025-10-04", "orders", "order_lines", "run_context"))
    assert "refunds/landed_on=2025-10-04 was not taken in as it stands now" in told
    assert location.run_range("2025-10-03", "2025-10-04", "refunds", "run_context").success
    # Nor by publishing what stood before, as that day's.
    state = location.settings.state.read_bytes()
    assert "not all models stand as of 2025-10-04" in refusal(location.run({}, "served_marts"))
    assert location.settings.state.read_bytes() == state


# Posting


def test_the_ledger_alone_posts_nothing_since_this_run_has_no_checks(location: CodeLocation) -> None:
    before = location.deployment.kept()
    told = refusal(location.run({}, "incentive_ledger"))
    assert "nothing was posted" in told and "run the job daily_incentives" in told
    assert location.deployment.kept() == before


def test_a_posting_needs_each_contract_and_each_test_on_money(location: CodeLocation) -> None:
    needed = money_check_keys(location.settings, Translator(delivery_days(location.settings)), ["orders", "refunds"])
    names = {path.stem for path in (PROJECT / "tests").glob("*.sql")}
    assert {key.to_user_string() for key in needed if key.name == "contract"} == {"orders:contract", "refunds:contract"}
    assert names - {key.name for key in needed} == {"rankings_equal_marts"}, "what nobody is paid by"
    grains = {key.asset_key.to_user_string() for key in needed if key.name.endswith("_grain")}
    assert {"incentive_awards", "gmv_daily_movements", "referral_conversions"} <= grains


def test_a_failing_check_on_money_keeps_the_ledger_as_it_is(location: CodeLocation) -> None:
    """A cent too much in the movements of a shop, in what is kept of them, and only there."""
    before = location.deployment.kept()
    with duckdb.connect(str(location.settings.warehouse)) as warehouse:
        for relation in ("movements.gmv_daily_movements", "marts.gmv_daily"):
            warehouse.execute(f"update {relation} set net_cents = net_cents + 1 where gmv_date = '2025-10-01'")
    outcome = location.deployment.incentives("run", "--through", golden.LAST_DAY)
    assert outcome.code == 1
    assert "nothing was posted" in outcome.told and "partners_equal_shops_and_creators" in outcome.told
    after = location.deployment.kept()
    for place in before:
        assert after[place] == before[place] or place.startswith("deliveries/"), place
    assert {place.split("/")[0] for place in after.keys() - before.keys()} <= {"accepted", "quarantine", "deliveries"}


def test_a_day_whose_posting_was_refused_is_not_published_alone(
    location: CodeLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_connection: object) -> None:
        raise RefusedError("the second opinion differs")

    with monkeypatch.context() as disagreeing:
        disagreeing.setattr("orchestration.assets.ledger.require_agreement", refuse)
        assert "the second opinion differs" in refusal(location.run_day("2025-10-03"))
    state = location.settings.state.read_bytes()
    result = location.run({}, "served_marts")
    assert "nothing was published, since 2025-10-03 is not posted" in refusal(result)
    # Nor by models that did not read what was delivered in its place since.
    lines = golden.DELIVERIES["order_lines", "2025-10-03"]
    location.deployment.put("order_lines", "2025-10-03", lines.replace("3000.00", "90000.00"))
    told = refusal(location.run({}, "served_marts"))
    assert "order_lines/landed_on=2025-10-03 was not taken in as it stands now" in told
    assert location.run_day("2025-10-03", "order_lines").success
    told = refusal(location.run({}, "served_marts"))
    assert "the models as of 2025-10-03 were built on other deliveries of order_lines" in told
    assert location.settings.state.read_bytes() == state


def test_a_warehouse_of_a_day_before_is_not_published_alone(location: CodeLocation) -> None:
    """Put back alone: its days would be closed a second time, and those after it open again."""
    progress = Progress.load(location.settings)
    assert progress.processed_through is not None
    replace(progress, processed_through=progress.processed_through + DAY).save(location.settings)
    state = location.settings.state.read_bytes()
    assert "stands as of" in refusal(location.run({}, "served_marts"))
    assert location.settings.state.read_bytes() == state


def test_nothing_is_published_from_a_ledger_that_lacks_a_payment(location: CodeLocation) -> None:
    """Put back from before it: what is recorded of the payment is all that keeps it from being made again."""
    paid = Ledger.open(location.settings.ledger_url).head()._replace(posting_no=99)
    heads = [location.settings.payouts / "ledger_head.json", location.settings.serving / "finance" / "paid_head.json"]
    for head in heads:
        head.write_text(json.dumps(paid._asdict()))
    published = sorted(location.settings.serving.glob("finance/version-*"))
    assert "the ledger does not have posting 99" in refusal(location.run({}, "served_marts"))
    assert [recorded_head(head.read_text()) for head in heads] == [paid, paid]
    assert sorted(location.settings.serving.glob("finance/version-*")) == published


def test_models_are_not_built_in_part(location: CodeLocation) -> None:
    assert "models are built all together" in refusal(location.run({}, "market_monthly"))


def test_a_model_of_which_dbt_tells_nothing_ends_the_run_red(
    location: CodeLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word of dbt's gets lost on its way here, and what follows the lost model would be left out unseen."""
    told = DbtCliInvocation._stream_stdout

    def garbled(invocation: DbtCliInvocation) -> Iterator[str | dict[str, Any]]:
        for event in told(invocation):
            is_lost = isinstance(event, dict) and event["data"].get("node_info", {}).get("node_name") == LOST
            yield str(event) if is_lost else event

    monkeypatch.setattr(DbtCliInvocation, "_stream_stdout", garbled)
    state = location.settings.state.read_bytes()
    result = location.run_day("2025-10-03")
    assert f"dbt told nothing of {LOST}, so nothing was posted or published: run it again" in refusal(result)
    assert location.settings.state.read_bytes() == state


# The feeds alone


def test_feeds_alone_are_accepted_and_report_columns_that_nobody_knows(landed: CodeLocation) -> None:
    landed.deployment.put(
        "sellers",
        "2025-09-10",
        "seller_id,name,size_class,onboarded_at,payee_id,tax_form_on_file,updated_at,mood\n"
        "A,Apple Hill,SMALL,2025-01-01T00:00:00Z,,false,2025-09-01T00:00:00Z,sunny\n",
    )
    result = landed.run_day("2025-09-10", "sellers")
    assert result.success
    assert "sellers/landed_on=2025-09-10: unknown columns are dropped: mood" in warnings(landed.instance, result.run_id)
    event = landed.instance.get_latest_materialization_event(dg.AssetKey("sellers"))
    assert event.asset_materialization.metadata["dagster/row_count"].value == 1


def test_what_broke_is_a_table_beside_the_feed_and_its_contract_a_page(landed: CodeLocation) -> None:
    landed.deployment.put(
        "sellers",
        "2025-09-10",
        "seller_id,name,size_class,onboarded_at,tax_form_on_file,updated_at\n"
        "A,Apple Hill,SMALL,2025-01-01T00:00:00Z,false,2025-09-01T00:00:00Z\n"
        "B,Blue Harbor,HUGE,2025-01-01T00:00:00Z,false,2025-09-01T00:00:00Z\n",
    )
    assert landed.run_day("2025-09-10", "sellers").success
    event = landed.instance.get_latest_materialization_event(dg.AssetKey("sellers"))
    (record,) = event.asset_materialization.metadata["broken"].records
    assert {name: record.data[name] for name in ("landed_on", "column", "rule", "rows")} == {
        "landed_on": "2025-09-10",
        "column": "size_class",
        "rule": "enum",
        "rows": 1,
    }
    assert record.data["example"].startswith("delivery.csv, row 2: ")
    contract = landed.definitions.resolve_asset_graph().get(dg.AssetKey("sellers")).metadata["contract"].md_str
    assert contract.startswith("# sellers\n") and "Blue Harbor" in contract


def test_each_day_of_a_feed_that_was_delivered_is_fresh(landed: CodeLocation) -> None:
    result = landed.run_range("2025-09-10", "2025-09-10", "orders", "order_lines")
    assert check(result, "orders", "freshness").passed and check(result, "order_lines", "freshness").passed


# The schedule


def evaluate(location: CodeLocation, moment: datetime) -> ScheduleExecutionData:
    """What the schedule asks for at a moment."""
    context = dg.build_schedule_context(instance=location.instance, scheduled_execution_time=moment)
    return daily_job.schedule(location.settings).evaluate_tick(context)


@pytest.mark.parametrize(
    ("now", "asked"),
    [
        ("2025-10-04T06:00", ("2025-10-03", "2025-10-03")),
        ("2025-10-09T06:00", ("2025-10-03", "2025-10-08")),
        ("2025-10-03T06:00", None),
    ],
)
def test_the_schedule_asks_for_all_unprocessed_days_in_one_run(
    location: CodeLocation, now: str, asked: tuple[str, str] | None
) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    data = evaluate(location, moment)
    requested = [(request.tags[RANGE_START], request.tags[RANGE_END]) for request in data.run_requests or []]
    assert requested == ([asked] if asked else [])
    assert bool(data.skip_message) == (asked is None)


def test_the_schedule_says_why_it_asks_for_nothing_where_nothing_landed(landed: CodeLocation) -> None:
    landed.deployment.landing.rename(landed.deployment.landing.with_name("elsewhere"))
    assert "INCENTIVES_LANDING" in evaluate(landed, datetime(2025, 10, 4, 6, tzinfo=UTC)).skip_message
