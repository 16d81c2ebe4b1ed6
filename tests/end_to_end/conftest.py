"""The golden world taken through the real command once, and kept, so that each test starts from it without a run of its own.

All tests share one folder, since served views hold absolute paths, and bring back what was kept before they begin.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import golden_world
import pytest
from deployment import Deployment


@pytest.fixture(scope="session")
def states(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Keeps ``once`` (delivered and posted in one run) and ``prepared`` (nothing run yet, but the dbt project parsed)."""
    # Dagster counts through all days from the first that it offers, again and again.
    deployment = Deployment(tmp_path_factory.mktemp("golden") / "deployment", {"INCENTIVES_FIRST_DAY": "2025-01-01"})
    golden_world.land(deployment)
    deployment.run(golden_world.LAST_DAY)
    deployment.keep("once")
    for path in deployment.home.iterdir():
        if path.name != "dbt":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    _keep_only_what_was_parsed(deployment.home / "dbt")
    deployment.keep("prepared")
    return deployment


@pytest.fixture
def once(states: Deployment) -> Deployment:
    """The golden world, delivered and posted in one run."""
    states.restore("once")
    return states


@pytest.fixture
def prepared(states: Deployment) -> Deployment:
    """The golden world, landed; nothing was run yet."""
    states.restore("prepared")
    return states


def _keep_only_what_was_parsed(dbt: Path) -> None:
    for name in ("run", "compiled"):
        shutil.rmtree(dbt / name, ignore_errors=True)
