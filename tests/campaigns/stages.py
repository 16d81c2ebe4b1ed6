"""How far a command came that was cut off: by what the run that it had begun said of its own steps.

Does not belong here: what cut it off.
"""

from __future__ import annotations

from pathlib import Path

from deployment import Deployment

STEPS = (
    "deliveries accepted",
    "window and terms written",
    "movements, marts and awards built and checked",
    "ledger posted and checked",
    "marts published",
)
"""What each step of a run says once it is done."""

STAGES = ("start-up", "acceptance", "window and terms", "dbt", "posting", "publication", "the end")


def runs(deployment: Deployment) -> set[Path]:
    """The folders in which the words of runs are kept."""
    return set((deployment.home / "dagster" / "storage").glob("*-*"))


def stage(deployment: Deployment, before: set[Path]) -> str:
    """The stage in which a command was cut off; ``before`` are the runs that there were before it."""
    new = sorted(runs(deployment) - before, key=lambda path: path.stat().st_mtime)
    if not new:
        return STAGES[0]
    said = "".join(path.read_text(encoding="utf-8") for path in new[-1].glob("compute_logs/*.err"))
    return STAGES[1 + sum(step in said for step in STEPS)]
