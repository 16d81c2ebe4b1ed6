"""Measuring one size: the pipeline on one N-th of a sample year, beside SQL written by hand.

Belongs here: what is run, in which order. Does not belong here: how a command is watched (``measured``), or a table (``results``).
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

from deployment import SHIPPED_PROGRAMS, Deployment
from rich.console import Console
from rich.progress import Progress

from bench.dashboards import ask
from bench.measured import Measured, ending, measured
from bench.stages import stages_of_run
from orchestration.sample import write_sample

YEAR_OF_ORDERS = 70_000_000
FIRST_DAY, LAST_DAY, EMPTY_DAY = date(2025, 1, 1), date(2025, 12, 30), date(2026, 1, 1)
DAY = timedelta(days=1)
ONE_MORE_DAY = LAST_DAY + DAY
HAND = {"now": "by hand, as it stands now", "known": "by hand, as known"}
REBUILD, MORE, MORE_ON_WEEK, EMPTY = "full rebuild", "one more day", "the same day on one week", "an empty day"


@dataclass
class Size:
    """What was seen at one size: every figure by its name, one value a run (seconds, GiB, milliseconds)."""

    part: int
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    gib: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    questions_ms: dict[str, float] = field(default_factory=dict)

    @property
    def orders(self) -> int:
        return YEAR_OF_ORDERS // self.part


@dataclass(frozen=True)
class Bench:
    """How sizes are measured: where samples are kept and where everything else is made, runs of each figure, and the memory that
    the SQL by hand and the pipeline's warehouse may use (the latter: what its settings say where none is given).
    """

    samples: Path
    work: Path
    console: Console
    runs: int
    memory: str
    limit: str | None

    def measure(self, part: int) -> Size:
        """Everything at one size."""
        size = Size(part)
        landing = self._sampled(part)
        for which, name in HAND.items():
            for _ in range(self.runs):
                found = self._by_hand(landing, which, max(1, 4 // part))
                size.seconds[name].append(found["seconds"])
                size.gib[name].append(found["peak_gib"])
        for _ in range(self.runs):
            week = self._deployment(self.work / "week", landing, LAST_DAY - DAY * 6)
            measured(week.start("run", "--through", str(LAST_DAY)), _spill(week))
            _link(week, landing, ONE_MORE_DAY, ONE_MORE_DAY)
            self._run(size, MORE_ON_WEEK, week, ONE_MORE_DAY)
            year = self._deployment(self.work / "year", landing, FIRST_DAY)
            self._run(size, REBUILD, year, LAST_DAY)
            _link(year, landing, ONE_MORE_DAY, ONE_MORE_DAY)
            self._run(size, MORE, year, ONE_MORE_DAY)
        process = year.start("run", "--through", str(EMPTY_DAY))
        with ending(process):
            size.questions_ms = ask(year.marts, lambda: process.poll() is None)
            measured(process, _spill(year))
        for number in range(self.runs):
            self._run(size, EMPTY, year, EMPTY_DAY + DAY * (number + 1))
        return size

    def _sampled(self, part: int) -> Path:
        """The sample of that size, which has its name once it is whole."""
        landing = self.samples / f"landing_{part}"
        if landing.exists():
            return landing
        with Progress(console=self.console) as bar:
            task = bar.add_task(f"sampling 1/{part} of a year")
            write_sample(
                self.work / "landing",
                FIRST_DAY,
                ONE_MORE_DAY,
                YEAR_OF_ORDERS // part,
                1,
                lambda done, total: bar.update(task, completed=done, total=total),
            )
        return (self.work / "landing").rename(landing)

    def _by_hand(self, landing: Path, which: str, buckets: int) -> dict[str, float]:
        script = Path(__file__).with_name("handwritten.py")
        command = [sys.executable, str(script), str(landing), which, str(buckets), self.memory, str(self.work)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2_000:]
        found: dict[str, float] = json.loads(done.stdout)
        self.console.print(f"1/{landing.name.split('_')[1]} {HAND[which]}: {found['seconds']:.1f} s")
        return found

    def _deployment(self, folder: Path, landing: Path, first: date) -> Deployment:
        """A deployment of all shipped programs whose landing holds the deliveries from a day to the last."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        deployment = Deployment(folder, {"INCENTIVES_MEMORY": self.limit} if self.limit else {})
        deployment.ship(*(path.stem for path in SHIPPED_PROGRAMS.glob("*.yaml")))
        _link(deployment, landing, first, LAST_DAY)
        return deployment

    def _run(self, size: Size, name: str, deployment: Deployment, through: date) -> Measured:
        found = measured(deployment.start("run", "--through", str(through)), _spill(deployment))
        size.seconds[name].append(round(found.seconds, 2))
        size.gib[name].append(round(found.peak_gib, 2))
        size.gib[f"{name}: spilled"].append(round(found.spilled_gib, 2))
        stages = stages_of_run(found.told, deployment.home, found.seconds)
        for stage, seconds in stages.items():
            size.seconds[f"{name}: {stage}"].append(seconds)
        self.console.print(f"1/{size.part} {name}: {found.seconds:.1f} s, peak {found.peak_gib:.2f} GiB")
        self.console.print("    " + ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in stages.items()))
        return found


def _link(deployment: Deployment, landing: Path, first: date, last: date) -> None:
    """Puts the deliveries of these days into the landing, without a copy of their bytes."""
    for source in landing.glob("*/landed_on=*"):
        if first.isoformat() <= source.name.removeprefix("landed_on=") <= last.isoformat():
            target = deployment.landing / source.parent.name / source.name
            target.mkdir(parents=True, exist_ok=True)
            for file in source.iterdir():
                os.link(file, target / file.name)


def _spill(deployment: Deployment) -> Path:
    """Where the warehouse puts what does not fit in memory."""
    return deployment.home / "warehouse" / "warehouse.duckdb.tmp"


def machine() -> str:
    """What this runs on."""
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{platform.machine()}, {os.cpu_count()} cores, {gib:.0f} GiB"


def versions() -> dict[str, str]:
    """The versions that cost depends on."""
    return {name: version(name) for name in ("duckdb", "polars", "dbt-duckdb", "dagster")} | {
        "python": platform.python_version()
    }
