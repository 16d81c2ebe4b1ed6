"""Makes this folder importable, for what several rooms of tests share (``deployment``); keeps a deployment's settings out of tests;
finds real data; says what comes first.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

# A shell that is set up for a deployment is no reason for tests to post on its ledger.
for name in [name for name in os.environ if name.startswith(("INCENTIVES_", "DAGSTER_"))]:
    del os.environ[name]

BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"

LONGEST = ("end_to_end", "dagster_ui", "scenarios", "real_orders", "real_exports", "bridge")
"""The rooms whose files take up to minutes, each in one process: begun last, one would keep the other processes waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Brings the longest rooms to the front; the order within and among the others stays."""
    items.sort(key=lambda item: item.path.parent.name not in LONGEST)


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Finds a folder of real data, which is not part of the checkout: where REAL_DATA says, or beside the checkout.

    Skips the test where there is none; fails it where REAL_DATA names a place that lacks it.
    """
    named = os.environ.get("REAL_DATA")

    def folder(name: str) -> Path:
        found = (Path(named) if named else BESIDE_THE_CHECKOUT) / name
        if not found.is_dir():
            if named:
                pytest.fail(f"REAL_DATA is {named}, but {found} is no folder")
            pytest.skip(
                f"real data was not checked: {found} does not exist; set REAL_DATA to the folder that has {name}"
            )
        return found

    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which tests could not be run, and why; a skip alone is one letter."""
    skipped: defaultdict[str, list[str]] = defaultdict(list)
    for report in terminalreporter.stats.get("skipped", []):
        skipped[report.longrepr[2].removeprefix("Skipped: ")].append(report.nodeid.partition("::")[0])
    for reason, files in skipped.items():
        terminalreporter.write_line(f"{len(files)} tests of {', '.join(sorted(set(files)))}: {reason}", yellow=True)
