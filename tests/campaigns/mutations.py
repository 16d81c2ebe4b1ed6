"""The project broken on purpose, one break after the other in a copy of it, and which test saw each.

    PYTHONPATH=tests:. python -m campaigns.mutations [--only NAME ...]

Belongs here: copying the checkout, breaking the copy, running the tests that must go red, and the table of what came of it. Does
not belong here: the breaks (``mutations.yaml``), or the tests, which are the suite's own.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
BREAKS = Path(__file__).with_suffix(".yaml")
COMMAND = Path(sys.executable).with_name("incentives")
NOT_COPIED = (".git", ".venv", "var", "target", "logs", "__pycache__", ".hypothesis", ".*_cache")
LONGEST_SECONDS = 900

# Code that no longer runs is broken for every test alike: a break that says something of the tests must run.
_DOES_NOT_RUN = re.compile(
    r"dbt compile failed|dbt cannot parse|(?:Binder|Parser|Conversion)Exception|"
    r"(?:Syntax|Indentation|Name|Import|ModuleNotFound)Error"
)
_RED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - (.*))?$", re.MULTILINE)


@dataclass(frozen=True)
class Break:
    """One change of the code: in ``file`` the text ``old``, as often as ``of`` says, becomes ``new`` at the place ``nth`` (from 1).

    ``breaks`` is what goes wrong then, in a few words; ``tests`` are the node ids of pytest of which one must go red.
    """

    name: str
    file: str
    old: str
    new: str
    breaks: str
    tests: tuple[str, ...]
    nth: int = 1
    of: int = 1

    def applied_to(self, text: str) -> str:
        """The file's text with the break; ValueError where the text to change is not there as often as it should be."""
        found = text.count(self.old)
        if found != self.of:
            raise ValueError(
                f"{self.name}: {self.file} has {self.old!r} {found} times, not {self.of}: the code moved on"
            )
        parts = text.split(self.old)
        return self.old.join(parts[: self.nth]) + self.new + self.old.join(parts[self.nth :])


@dataclass(frozen=True)
class Told:
    """What running tests came to: whether all were green, the first that was red and why, and the seconds it took."""

    is_green: bool
    red: str
    reason: str
    seconds: float


class Copy:
    """A copy of the checkout, in which tests run on the copy's code and nothing else's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        shutil.copytree(CHECKOUT, self.folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
        # Nothing compiled is kept: Python takes it for current by time in seconds and size, and a break may change neither.
        outside = {
            name: value for name, value in os.environ.items() if not name.startswith(("INCENTIVES_", "DAGSTER_", "PY"))
        }
        self.environment = outside | {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "400"}

    def check(self) -> None:
        """RuntimeError where the command or dbt would run other code: the environment has the checkout itself installed."""
        place = "import orchestration.dbt as d, data_contracts as c; print(d.PROJECT, c.__file__)"
        for command in (
            [sys.executable, "-P", "-c", place],
            [sys.executable, "-v", str(COMMAND), "--help"],
        ):
            done = subprocess.run(command, env=self.environment, cwd="/", capture_output=True, text=True, check=True)
            told = done.stdout + done.stderr
            if str(self.folder) not in told or f"{CHECKOUT}/" in told.replace(f"{CHECKOUT}/.venv", ""):
                raise RuntimeError(f"{' '.join(command)} runs other code than the copy's")

    def run(self, tests: Iterable[str]) -> Told:
        """Runs these tests up to the first that is red; RuntimeError where none could be run."""
        options = ["-x", "-p", "no:cacheprovider", "--hypothesis-seed=0", "--tb=short", "-rfE"]
        command = [sys.executable, "-m", "pytest", *options, *tests]
        began = time.monotonic()
        try:
            done = subprocess.run(
                command,
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=LONGEST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(f"it did not end in {LONGEST_SECONDS} seconds") from error
        seconds = time.monotonic() - began
        if done.returncode == 0:
            return Told(True, "", "", seconds)
        found = _RED.findall(done.stdout)
        useless = _DOES_NOT_RUN.search(done.stdout)
        if done.returncode != 1 or useless or not found:
            raise RuntimeError(useless[0] if useless else f"pytest said: {(done.stdout + done.stderr).strip()[-600:]}")
        (red, reason), *_ = found
        return Told(False, red, reason, seconds)

    def run_broken(self, broken: Break) -> Told:
        """Runs the tests of a break with it, and mends it again."""
        path = self.folder / broken.file
        whole = path.read_bytes()
        path.write_bytes(broken.applied_to(whole.decode()).encode())
        try:
            return self.run(broken.tests)
        finally:
            path.write_bytes(whole)


def read_breaks() -> list[Break]:
    """All breaks of the list, in order; ValueError where two have one name, or one no longer fits the code."""
    breaks = []
    for room, listed in yaml.safe_load(BREAKS.read_text(encoding="utf-8")).items():
        for said in listed:
            tests = said["tests"]
            said["tests"] = tuple([tests] if isinstance(tests, str) else tests)
            breaks.append(Break(**said | {"name": f"{room}/{said['name']}"}))
    names = Counter(broken.name for broken in breaks)
    if twice := [name for name, count in names.items() if count > 1]:
        raise ValueError(f"two breaks are called {', '.join(twice)}")
    for broken in breaks:
        broken.applied_to((CHECKOUT / broken.file).read_text(encoding="utf-8"))
    return breaks


def chosen(breaks: list[Break], only: list[str]) -> list[Break]:
    """The breaks of those names, or of whole rooms; all of them where none is named."""
    if unknown := [name for name in only if not any(_is_called(broken, name) for broken in breaks)]:
        raise ValueError(f"no break is called {', '.join(unknown)}")
    return [broken for broken in breaks if not only or any(_is_called(broken, name) for name in only)]


def _is_called(broken: Break, name: str) -> bool:
    return name in (broken.name, *broken.name.split("/"))


def campaign(breaks: list[Break]) -> list[str]:
    """Runs all breaks and prints a row each; the names of those that no test saw, or that say nothing."""
    left = []
    with tempfile.TemporaryDirectory(prefix="mutations_") as folder:
        copy = Copy(Path(folder))
        copy.check()
        whole = copy.run(dict.fromkeys(test for broken in breaks for test in broken.tests))
        if not whole.is_green:
            raise RuntimeError(f"{whole.red} is red without any break: {whole.reason}")
        print(f"{len(breaks)} breaks; without any, all tests that are named are green ({whole.seconds:.0f} s)\n")
        print("| break | file | what breaks | red | seconds |\n| --- | --- | --- | --- | --- |")
        for broken in breaks:
            try:
                told = copy.run_broken(broken)
                red, seconds = told.red or "**none: it survives**", f"{told.seconds:.0f}"
            except RuntimeError as error:
                red, seconds = f"**says nothing: {error}**", ""
            if red.startswith("**"):
                left.append(broken.name)
            print(f"| {broken.name} | {broken.file} | {broken.breaks} | {red} | {seconds} |", flush=True)
    return left


def main() -> int:
    """Runs the breaks that the command line names; 1 where a break survives, 2 where the list does not fit the code."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.mutations", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="breaks, or rooms of them, by name")
    try:
        breaks = chosen(read_breaks(), parser.parse_args().only)
        left = campaign(breaks)
    except (ValueError, RuntimeError) as error:
        print(f"mutations: {error}", file=sys.stderr)
        return 2
    print(f"\n{len(breaks) - len(left)} of {len(breaks)} breaks were seen")
    if left:
        print(f"not seen: {', '.join(left)}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
