"""When a posting may go on: every check on money of this same run passed, each time that it said something.

Does not belong here: runs that are refused (``test_daily_job``), or what a check looks at (``tests/marts``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from orchestration.assets.feeds import _contract_check
from orchestration.assets.ledger import require_money_checks
from orchestration.deliveries import DeliveryRecord, State
from orchestration.errors import RefusedError

DAY = date(2025, 10, 1)
CONTRACT, SUMS = (dg.AssetCheckKey(dg.AssetKey("orders"), name) for name in ("contract", "sums"))
OTHER = dg.AssetCheckKey(dg.AssetKey("orders"), "freshness")


def run_that_said(*said: tuple[dg.AssetCheckKey, bool]) -> Any:
    """The context of a step in a run in which these checks passed or failed, in this order."""

    def record(key: dg.AssetCheckKey, passed: bool) -> SimpleNamespace:
        evaluation = SimpleNamespace(asset_check_key=key, passed=passed)
        event = SimpleNamespace(asset_check_evaluation_data=evaluation)
        return SimpleNamespace(event_log_entry=SimpleNamespace(dagster_event=event))

    def records_of(run_id: str, of_type: dg.DagsterEventType) -> SimpleNamespace:
        assert (run_id, of_type) == ("this one", dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        return SimpleNamespace(records=[record(*what) for what in said])

    instance = SimpleNamespace(get_records_for_run=records_of)
    return SimpleNamespace(instance=instance, run=SimpleNamespace(run_id="this one"))


def test_it_goes_on_where_every_check_on_money_passed() -> None:
    require_money_checks(run_that_said((SUMS, True), (OTHER, False), (CONTRACT, True)), frozenset({CONTRACT, SUMS}))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([(CONTRACT, True), (SUMS, False)], "nothing was posted, since a check on money failed: orders:sums"),
        ([(CONTRACT, True), (SUMS, False), (SUMS, True)], "a check on money failed: orders:sums"),
        ([(CONTRACT, False)], "a check on money failed: orders:contract"),
        ([(CONTRACT, True)], "no result of 1 checks on money .the first: orders:sums.; run the job daily_incentives"),
        ([], "no result of 2 checks on money"),
    ],
)
def test_it_is_refused_where_a_check_failed_or_said_nothing(said: list[Any], told: str) -> None:
    with pytest.raises(RefusedError, match=told):
        require_money_checks(run_that_said(*said), frozenset({CONTRACT, SUMS}))


def delivery(state: State, **counts: int) -> DeliveryRecord:
    return DeliveryRecord("orders", DAY, state, **counts)


@pytest.mark.parametrize(
    ("records", "passed"),
    [
        ([], True),
        ([delivery(State.ACCEPTED, delivered=5, good=3, accepted=2, overtaken=1, quarantined=1, repeats=1)], True),
        ([delivery(State.ACCEPTED, delivered=6, good=3, accepted=2, overtaken=1, quarantined=1, repeats=1)], False),
        ([delivery(State.ACCEPTED, delivered=5, good=3, accepted=3, overtaken=1, quarantined=1, repeats=1)], False),
        ([delivery(State.ACCEPTED), delivery(State.REFUSED)], False),
    ],
)
def test_a_contract_is_kept_where_nothing_was_lost_and_nothing_refused_is_used(
    records: list[DeliveryRecord], passed: bool
) -> None:
    check = _contract_check("orders", records, None)
    assert (check.passed, check.severity) == (passed, dg.AssetCheckSeverity.ERROR)


def test_refused_deliveries_of_the_day_that_stops_the_run_are_not_used() -> None:
    """There may be several: of another feed, too, the days before are good."""
    stopping, other = delivery(State.REFUSED), DeliveryRecord("order_lines", DAY, State.REFUSED)
    assert _contract_check("orders", [stopping], stopping).passed
    assert _contract_check("order_lines", [other], stopping).passed
    assert not _contract_check("order_lines", [replace(other, landed_on=DAY - timedelta(days=1))], stopping).passed
