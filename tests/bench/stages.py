"""Where the seconds of one run went: what the command told of its steps, and the step of dbt split by the rooms of its models.

Does not belong here: the run itself (``measured``).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

STEP = re.compile(r"^\s*([0-9.]+) s {2}(.+)$", re.MULTILINE)
STEPS = {
    "deliveries accepted": "acceptance",
    "window and terms written": "context",
    "ledger posted and checked": "posting",
    "marts published": "publication",
}
"""What the command calls a step, and what it is here."""

OF_DBT = "movements, marts and awards built and checked"
ROOMS = {"movements": "movements", "subjects": "facts", "marts": "marts", "awards": "awards"}
CHECKS = "checks"
REST_OF_DBT, REST = "dbt itself", "start and the rest"
STAGES = ("acceptance", "context", *ROOMS.values(), CHECKS, REST_OF_DBT, "posting", "publication", REST)
"""In the order of a run."""

Span = tuple[float, float, str]
"""From when to when (seconds), and which stage."""


def stages_of_run(told: str, home: Path, seconds: float) -> dict[str, float]:
    """Seconds of each stage of a run that took so many in all, and has just ended in ``home``; they add up to them.

    AssertionError where the run told nothing of one of its steps.
    """
    steps = {name: float(taken) for taken, name in STEP.findall(told)}
    untold = {*STEPS, OF_DBT} - steps.keys()
    assert not untold, f"the run told nothing of {', '.join(sorted(untold))}: {told}"
    rooms = shares(_spans(home / "dbt"))
    found = {stage: steps[step] for step, stage in STEPS.items()} | rooms
    found[REST_OF_DBT] = max(0.0, steps[OF_DBT] - sum(rooms.values()))
    found[REST] = max(0.0, seconds - sum(found.values()))
    return {stage: round(found.get(stage, 0.0), 3) for stage in STAGES}


def shares(spans: Iterable[Span]) -> dict[str, float]:
    """Wall seconds of each stage: while several spans last at once, each has its part of the time."""
    moments = sorted((at, step, stage) for began, ended, stage in spans for at, step in ((began, 1), (ended, -1)))
    running: dict[str, int] = defaultdict(int)
    taken: dict[str, float] = defaultdict(float)
    last = 0.0
    for at, step, stage in moments:
        together = sum(running.values())
        for name, count in running.items():
            taken[name] += (at - last) * count / max(together, 1)
        running[stage] += step
        last = at
    return dict(taken)


def _spans(target: Path) -> list[Span]:
    """When dbt worked on what, as its last run recorded it; views of other rooms take no time to speak of and are left out."""
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    return [
        (_seconds(timing["started_at"]), _seconds(timing["completed_at"]), stage)
        for result in results
        if (stage := _stage(nodes[result["unique_id"]])) is not None
        for timing in result["timing"]
    ]


def _stage(node: dict[str, Any]) -> str | None:
    return CHECKS if node["resource_type"] == "test" else ROOMS.get(node["fqn"][1])


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
