"""Measures the pipeline on a sample marketplace beside SQL written by hand, and prints ratios.

Run as ``make bench`` or ``python -m bench --part N``: one N-th of a year of 70 million orders. Does not belong here: any bound
that a test holds; what is printed is what was seen.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

from deployment import SHIPPED_PROGRAMS, Deployment
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.dashboards import ask
from bench.measured import Measured, measured
from bench.posting import entries_a_second
from orchestration.sample import write_sample

YEAR_OF_ORDERS = 70_000_000
FIRST_DAY, LAST_DAY, EMPTY_DAY = date(2025, 1, 1), date(2025, 12, 30), date(2026, 1, 1)
ONE_MORE_DAY = LAST_DAY + timedelta(days=1)
ROWS_A_BUCKET = 35_000_000  # as many lines as a bucket of the SQL written by hand takes at once
console = Console(width=None if sys.stdout.isatty() else 120)


def main() -> None:
    """Samples, measures, prints, and leaves nothing behind but the results."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--part", type=int, default=1_000, help="one N-th of the year: 1, 10, 100 or 1000")
    parser.add_argument("--folder", type=Path, help="where there is room; what it holds of a sample is used again")
    parser.add_argument(
        "--results", type=Path, default=Path("var/bench"), help="where results are added, as JSON Lines"
    )
    parser.add_argument("--awards", type=int, default=2_000_000, help="awards that the ledger posts")
    parser.add_argument("--memory", default="14GB", help="what the SQL written by hand may use")
    arguments = parser.parse_args()
    with _folder(arguments.folder) as folder:
        found = measure(folder, arguments.part, arguments.awards, arguments.memory)
    arguments.results.mkdir(parents=True, exist_ok=True)
    with (arguments.results / "results.jsonl").open("a", encoding="utf-8") as results:
        results.write(json.dumps(found) + "\n")
    report(found)


@contextmanager
def _folder(named: Path | None) -> Iterator[Path]:
    """A folder for everything: a temporary one that goes, or the one that was named, whose sample stays."""
    if named is None:
        with tempfile.TemporaryDirectory(prefix="bench_") as temporary:
            yield Path(temporary)
        return
    named.mkdir(parents=True, exist_ok=True)
    yield named.resolve()
    shutil.rmtree(named / "year", ignore_errors=True)
    shutil.rmtree(named / "week", ignore_errors=True)


def measure(folder: Path, part: int, awards: int, memory: str) -> dict[str, object]:
    """Everything that the bench measures, as one record."""
    landing = _sampled(folder, part)
    buckets = max(1, 4 // part)
    by_hand = {which: _by_hand(landing, which, buckets, memory) for which in ("now", "known")}
    console.print(
        f"by hand: {by_hand['now']['seconds']} s as it stands now, {by_hand['known']['seconds']} s by knowledge date"
    )
    year = _deployment(folder / "year", landing, FIRST_DAY, LAST_DAY)
    rebuild = _run(year, LAST_DAY, "the whole year")
    _link(year, landing, ONE_MORE_DAY, ONE_MORE_DAY)
    day = _run(year, ONE_MORE_DAY, "one more day")
    week = _deployment(folder / "week", landing, LAST_DAY - timedelta(days=6), LAST_DAY)
    _run(week, LAST_DAY, "one week")
    _link(week, landing, ONE_MORE_DAY, ONE_MORE_DAY)
    day_on_week = _run(week, ONE_MORE_DAY, "the same day on top of one week")
    process = year.start("run", "--through", str(EMPTY_DAY))
    questions = ask(year.marts, lambda: process.poll() is None)
    empty = _run(year, EMPTY_DAY + timedelta(days=1), "an empty day")
    return {
        "part": part,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_memory_gib()} GiB",
        "on": date.today().isoformat(),
        "versions": {name: version(name) for name in ("duckdb", "polars", "dbt-duckdb", "dagster")},
        "by_hand": by_hand,
        "rebuild": vars(rebuild),
        "day": vars(day),
        "day_on_week": vars(day_on_week),
        "empty_day": vars(empty),
        "questions_ms": questions,
        "ledger_entries_a_second": entries_a_second(folder, awards),
    }


def _sampled(folder: Path, part: int) -> Path:
    landing = folder / f"landing_{part}"
    if (landing / "_complete").exists():
        return landing
    with Progress(console=console) as bar:
        task = bar.add_task(f"sampling 1/{part} of a year")
        orders = YEAR_OF_ORDERS // part
        write_sample(
            landing,
            FIRST_DAY,
            ONE_MORE_DAY,
            orders,
            1,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    (landing / "_complete").touch()
    return landing


def _by_hand(landing: Path, which: str, buckets: int, memory: str) -> dict[str, float]:
    command = [
        sys.executable,
        str(Path(__file__).with_name("handwritten.py")),
        str(landing),
        which,
        str(buckets),
        memory,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _deployment(folder: Path, landing: Path, first: date, last: date) -> Deployment:
    """A deployment of all shipped programs whose landing holds the deliveries of these days."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    deployment = Deployment(folder)
    deployment.ship(*(path.stem for path in SHIPPED_PROGRAMS.glob("*.yaml")))
    _link(deployment, landing, first, last)
    return deployment


def _link(deployment: Deployment, landing: Path, first: date, last: date) -> None:
    """Puts the deliveries of these days into the landing, without a copy of their bytes."""
    for source in landing.glob("*/landed_on=*"):
        if first.isoformat() <= source.name.removeprefix("landed_on=") <= last.isoformat():
            target = deployment.landing / source.parent.name / source.name
            target.mkdir(parents=True, exist_ok=True)
            for file in source.iterdir():
                os.link(file, target / file.name)


def _run(deployment: Deployment, through: date, what: str) -> Measured:
    began = time.perf_counter()
    found = measured(deployment.start("run", "--through", str(through)))
    console.print(f"{what}: {time.perf_counter() - began:.1f} s, peak {found.peak_gib:.2f} GiB")
    return found


def _memory_gib() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30


def report(found: dict) -> None:
    """Prints a record as tables, with ratios to the SQL written by hand."""
    now, known = (found["by_hand"][which]["seconds"] for which in ("now", "known"))
    table = Table(title=f"1/{found['part']} of a year, {found['machine']}, {found['on']}")
    for column in ("what", "seconds", "× by hand", "× by hand, as known", "peak GiB"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for which, seconds in (("by hand, as it stands now", now), ("by hand, as known", known)):
        table.add_row(which, f"{seconds:.1f}", f"{seconds / now:.2f}", f"{seconds / known:.2f}", "")
    rebuild = found["rebuild"]
    for what, seconds in {"full rebuild": rebuild["seconds"], **rebuild["stages"]}.items():
        peak = f"{rebuild['peak_gib']:.2f}" if what == "full rebuild" else ""
        table.add_row(what, f"{seconds:.1f}", f"{seconds / now:.2f}", f"{seconds / known:.2f}", peak)
    for what in ("day", "day_on_week", "empty_day"):
        measured_day = found[what]
        table.add_row(
            what.replace("_", " "), f"{measured_day['seconds']:.1f}", "", "", f"{measured_day['peak_gib']:.2f}"
        )
    console.print(table)
    questions = Table("question while a run writes", "median ms")
    for name, milliseconds in found["questions_ms"].items():
        questions.add_row(name, f"{milliseconds:.1f}")
    console.print(questions)
    console.print(f"the ledger posts {found['ledger_entries_a_second']:,} entries a second, chain and checks included")


if __name__ == "__main__":
    main()
