"""A small golden deployment whose third delivery day is refused, taken through the job once and kept.

All tests of a run in this process share its folder and definitions, and bring back what was kept before they begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import dagster as dg
import pytest
from code_location import CodeLocation, load
from deployment import Deployment

from tests.end_to_end import golden_world as golden

NO_LINES = "order_line_id,order_id\nL1,O1\n"
"""A delivery of order_lines without its required columns."""


@dataclass(frozen=True)
class StoppedRun:
    """A run over all days, of which October 3 was refused, and the location with what Dagster reports after it."""

    location: CodeLocation
    result: dg.ExecuteInProcessResult


@pytest.fixture(scope="session")
def stopped_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoppedRun]:
    """Keeps ``landed``, of which only the definitions were loaded, and ``stopped``: every day through October 2 is processed,
    October 3 was refused and lies replaced in landing."""
    deployment = Deployment(tmp_path_factory.mktemp("dagster") / "deployment")
    golden.land(deployment)
    with dg.DagsterInstance.ephemeral() as instance:
        location = CodeLocation(deployment, load(deployment), instance)
        deployment.keep("landed")
        refused = deployment.put("order_lines", "2025-10-03", NO_LINES)
        result = location.run_range("2025-09-10", golden.LAST_DAY)
        refused.write_text(golden.DELIVERIES["order_lines", "2025-10-03"])
        deployment.keep("stopped")
        yield StoppedRun(location, result)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A run storage in which nothing ran before."""
    with dg.DagsterInstance.ephemeral() as storage:
        yield storage


@pytest.fixture
def location(stopped_run: StoppedRun, instance: dg.DagsterInstance) -> CodeLocation:
    """Every day through October 2 is processed, those after it have landed."""
    stopped_run.location.deployment.restore("stopped")
    return replace(stopped_run.location, instance=instance)


@pytest.fixture
def landed(stopped_run: StoppedRun, instance: dg.DagsterInstance) -> CodeLocation:
    """The golden world, landed; nothing was processed."""
    stopped_run.location.deployment.restore("landed")
    return replace(stopped_run.location, instance=instance)
