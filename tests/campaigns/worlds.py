"""Fixed worlds through the real command, each in several ways that must come to the same cents.

    PYTHONPATH=tests:. python -m campaigns.worlds [WORLD ...] [--seed N]

At once, day by day, in ranges, and day by day in any other files: everything served is equal but for the ledger's entries, and
these too where the same days were posted; what stood on a day is what is known as of it; a command that is repeated, and a rebuild,
change nothing; ``verify`` finds all sound. Ends with 1 at the first difference, and names it.

Does not belong here: the worlds (``campaigns.fixed_worlds``).
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
from deployment import Deployment, Outcome

from campaigns.fixed_worlds.fixed_world import NAMES, FixedWorld, fixed_world
from campaigns.standing import Standing, differences, standing
from data_contracts.public_marts import AS_KNOWN

Rows = list[tuple[Any, ...]]
Figures = dict[str, Rows]

COLUMNS = ("once", "daily", "ranges", "other files", "rebuilds")
DONE = re.compile(r"^(?:\S+\.\.)?(\d{4}-\d\d-\d\d): done", re.MULTILINE)
OF_POSTINGS = (
    "finance.ledger_entries",
    "finance.referral_reward_ledger",
    "finance.payouts",
    "finance.payout_lines",
    "finance.unpaid_balances",
)
"""One row an entry, or a balance as of a payout day: others where other days were posted."""

# Quarantined rows say in which file they stood; months and ages begin with the days that were posted.
COMPARED = {
    "finance.trial_balance": (
        "select account, instrument, closing_cents from {} where month = (select max(month) from {}) and closing_cents <> 0 "
        "order by all"
    ),
    "finance.liability_ageing": (
        "select program_id, beneficiary_type, beneficiary_id, instrument, bucket = 'PENDING', final_on, sum(open_cents) "
        "from {} group by all order by all"
    ),
    "finance.quarantine": "select * exclude (file, row_number, raw) from {} order by all",
}


class DifferenceError(Exception):
    """Two ways that do not come to the same; in words."""


@dataclass(frozen=True)
class Way:
    """The ends and options of ``incentives run``, one command after the other, and whether all comes in other files."""

    name: str
    runs: tuple[tuple[str, ...], ...]
    in_any_files: bool = False


@dataclass(frozen=True)
class Came:
    """What a way came to: what is served and known as of each day, the rows of entries, and its seconds."""

    figures: Figures
    entries: Figures
    seconds: float


def ways_of(world: FixedWorld) -> tuple[Way, ...]:
    """At once, day by day, three ranges of which the last is repeated, and day by day in other files."""
    first, *_, last = (str(day) for day in world.days)
    middle = str(world.days[len(world.days) // 2])
    return (
        Way("once", ((last,),)),
        Way("daily", ((last, "--daily"),)),
        Way("ranges", ((first,), (middle,), (last,), (last,))),
        Way("other files", ((last, "--daily"),), in_any_files=True),
    )


def deployment_of(world: FixedWorld, way: Way, folder: Path) -> Deployment:
    """Where a world is taken through in one way."""
    environment = {"INCENTIVES_TIMEZONE": world.time_zone, "INCENTIVES_MEMORY": "1GiB"}
    return Deployment(folder / way.name.replace(" ", "-"), environment)


def taken(world: FixedWorld, way: Way, folder: Path, seed: int = 1) -> Came:
    """Takes a world through, from its landing to what is served; DifferenceError where a day or a repetition is not the same."""
    began = time.monotonic()
    chance = random.Random(f"{world.name} {seed}") if way.in_any_files else None
    deployment = deployment_of(world, way, folder)
    world.land(deployment, chance)
    before: tuple[str, ...] | None = None
    for run in way.runs:
        stood = standing(deployment) if run == before else None
        versions = run_and_mend(world, deployment, run, chance)
        for day, version in versions.items():
            require_same(f"as known on {day}", served_then(deployment, version), known_now(deployment, day))
        if stood is not None:
            require_unchanged("a run that is repeated", deployment, stood)
        before = run
    entries = {name: deployment.rows(f"select * from {name} order by all") for name in OF_POSTINGS}
    return Came(figures(deployment, world.days), entries, time.monotonic() - began)


def run_and_mend(
    world: FixedWorld, deployment: Deployment, run: tuple[str, ...], chance: random.Random | None
) -> dict[date, int]:
    """``incentives run``, again after each delivery that stopped it was mended; the version served as of each day that it did."""
    versions: dict[date, int] = {}
    waiting = set(world.refused)
    while True:
        latest = latest_version(deployment)
        outcome = command(deployment, "run", "--through", *run)
        days = [date.fromisoformat(day) for day in DONE.findall(outcome.out)]
        versions |= {day: latest + number for number, day in enumerate(days, start=1)}
        if outcome.code == 0:
            return versions
        stopped_by = [place for place in waiting if f"{place[1]}/landed_on={place[0]} is refused" in outcome.err]
        if outcome.code != 1 or len(stopped_by) != 1:
            raise DifferenceError(f"run --through {' '.join(run)} ended with {outcome.code}: {outcome.err.strip()}")
        waiting.discard(stopped_by[0])
        world.mend(deployment, stopped_by[0], chance)


def latest_version(deployment: Deployment) -> int:
    """The number of the version that is served; 0 where none is."""
    found = (deployment.home / "serving" / "main").glob("version-*")
    return max((int(path.name.removeprefix("version-")) for path in found), default=0)


def served_then(deployment: Deployment, version: int) -> Figures:
    """The marts that can be asked for as known, as a version served them."""
    then = {}
    for mart in marts_as_known():
        parts = deployment.home / "serving" / "main" / f"version-{version:06}" / mart / "*.parquet"
        then[mart] = duckdb.sql(f"select * from read_parquet('{parts}') order by all").fetchall()
    return then


def known_now(deployment: Deployment, day: date) -> Figures:
    """The same marts as known on a day, in the columns in which they are stored: dollars are made in views."""
    return {
        mart: deployment.rows(f"select columns(c -> c not like '%_usd') from {mart}_as_known('{day}') order by all")
        for mart in marts_as_known()
    }


def marts_as_known() -> list[str]:
    """The names of the marts that can be asked for as known on a day."""
    return [macro.name.removesuffix("_as_known") for macro in AS_KNOWN]


def figures(deployment: Deployment, days: list[date]) -> Figures:
    """Everything served but the entries, also as known on each day."""
    served = {name: rows for name, rows in deployment.served().items() if name not in OF_POSTINGS}
    served |= {name: deployment.rows(sql.replace("{}", name)) for name, sql in COMPARED.items()}
    for day in days:
        served |= {f"{mart} as known on {day}": rows for mart, rows in known_now(deployment, day).items()}
    return served


def rebuilt_and_verified(deployment: Deployment) -> float:
    """Rebuilds and verifies, which changes nothing; the seconds that it took."""
    began = time.monotonic()
    before = standing(deployment)
    require_done("rebuild", command(deployment, "rebuild"))
    require_unchanged("a rebuild", deployment, before)
    require_done("verify", command(deployment, "verify"))
    return time.monotonic() - began


def command(deployment: Deployment, *arguments: str) -> Outcome:
    """Runs ``incentives`` to its end, however long it takes: campaigns share their machine."""
    process = deployment.start(*arguments)
    out, err = process.communicate()
    return Outcome(process.returncode, out, err)


def require_done(command: str, outcome: Outcome) -> None:
    """DifferenceError where a command failed."""
    if outcome.code != 0:
        raise DifferenceError(f"{command} ended with {outcome.code}: {outcome.err.strip()}")


def require_unchanged(what: str, deployment: Deployment, before: Standing) -> None:
    """DifferenceError where not everything stands as it did."""
    if found := differences(standing(deployment), before):
        raise DifferenceError(f"{what} is to change nothing: {found[0]}")


def require_same(what: str, expected: Mapping[str, Rows], found: Mapping[str, Rows]) -> None:
    """DifferenceError that names the first relation that differs, and its first row that stands in one of the two only."""
    for name in sorted(expected.keys() | found.keys()):
        before, after = expected.get(name, []), found.get(name, [])
        if before != after:
            lost = next((row for row in before if row not in after), None)
            new = next((row for row in after if row not in before), None)
            counts = f"{len(before)} and {len(after)} rows"
            raise DifferenceError(f"{what}: {name} differs ({counts}): {lost} stands only before, {new} only after")


def campaign(world: FixedWorld, folder: Path, seed: int) -> Iterator[float]:
    """Takes a world through in every way: the seconds of each, then of all rebuilds. DifferenceError names way and difference."""
    came: dict[str, Came] = {}
    rebuilding = 0.0
    for way in ways_of(world):
        try:
            came[way.name] = taken(world, way, folder, seed)
            require_same("beside once", came["once"].figures, came[way.name].figures)
            if way.in_any_files:
                require_same("beside daily", came["daily"].entries, came[way.name].entries)
            yield came[way.name].seconds
            rebuilding += rebuilt_and_verified(deployment_of(world, way, folder))
        except DifferenceError as error:
            raise DifferenceError(f"{world.name}, {way.name}: {error}") from error
    yield rebuilding


def main() -> int:
    """Takes the worlds through and prints a line for each; 0, or 1 where a difference was found."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.worlds", description="Fixed worlds, in several ways.")
    parser.add_argument("worlds", nargs="*", metavar="WORLD", help=f"only these of {', '.join(NAMES)}")
    parser.add_argument("--seed", type=int, default=1, help="of the other files")
    chosen = parser.parse_args()
    unknown = set(chosen.worlds) - set(NAMES)
    if unknown:
        parser.error(f"no world is called {', '.join(sorted(unknown))}")
    print(f"{'seconds':<30}" + "".join(f"{way:>12}" for way in COLUMNS), flush=True)
    for name in chosen.worlds or NAMES:
        print(f"{name:<30}", end="", flush=True)
        folder = Path(mkdtemp(prefix=f"{name}-"))
        try:
            for seconds in campaign(fixed_world(name), folder, chosen.seed):
                print(f"{seconds:12.1f}", end="", flush=True)
        except DifferenceError as error:
            print(f"\n{error}\nseed {chosen.seed}; see {folder}", file=sys.stderr)
            return 1
        print()
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
