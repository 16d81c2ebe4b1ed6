"""Kills the real command, again and again, and looks at what the same command makes of it afterwards.

    PYTHONPATH=tests:. python -m campaigns.kills --moments 100 --seed 1 [--boundaries 2 --like STEP_S] [--jobs 2] [--stories first]

At random moments, and at boundaries between two writes (``boundaries``): of each kind of them the first, the last and those
between. Several kills follow one another in one home before the command is left alone. Then it ends well, and what stands is
what stands where nothing was killed; nothing else lies about, no process goes on, and the same command once more has nothing to
do. Does not belong here: the worlds (``stories``), what is compared (``standing``), full disks (``full_disk``).
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

from deployment import Deployment, Outcome

from campaigns.stages import STAGES, runs, stage
from campaigns.standing import Standing, differences, names, standing
from campaigns.stories import STORIES, Story, land

HOOKS = Path(__file__).with_name("boundaries")
DIED = "died"
VICTIMS = ("main", "group", "dbt")
"""The command's own process; it and all its children; dbt alone."""

PATIENCE_SECONDS = 300
LOOK_SECONDS = 0.005
ENDING_SECONDS = 10
"""How long what was killed may take to be gone with all its children."""


@dataclass(frozen=True)
class Kill:
    """One kill: of whom, and when: at a share of the undisturbed command's effort, or at the boundary of a name."""

    victim: str
    share: float = 0.0
    boundary: str = ""

    def __str__(self) -> str:
        return f"{self.victim} at {self.boundary or format(self.share, '.3f')}"


@dataclass(frozen=True)
class Trial:
    """Kills that follow one another in one home."""

    number: str
    story: Story
    kills: tuple[Kill, ...]
    repeats: bool


@dataclass
class Told:
    """What came of a trial: the stage that each kill came to, what differs then, and the seconds of all of it."""

    trial: Trial
    stages: list[str] = field(default_factory=list)
    unreached: list[Kill] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Undisturbed:
    """What a story comes to where nothing is killed; ``effort`` is what it takes, in seconds of all its processes."""

    effort: float
    standing: Standing
    names: set[str]
    boundaries: tuple[str, ...]


class Ground:
    """One deployment with the state from which each story starts, and what each comes to undisturbed."""

    def __init__(self, folder: Path, stories: list[Story], with_boundaries: bool) -> None:
        self.deployment = Deployment(folder / "deployment", {"TMPDIR": str(folder / "deployment" / "tmp")})
        self.words = folder / "boundaries.txt"
        land(self.deployment)
        (self.deployment.folder / "tmp").mkdir()
        self.deployment.keep("landed")
        for story in stories:
            self.deployment.restore("landed")
            for command in story.before:
                self._do(*command)
            self.deployment.keep(story.name)
        self.undisturbed = {story.name: self._undisturbed(story, with_boundaries) for story in stories}

    def _do(self, *command: str) -> Outcome:
        outcome = self.deployment.incentives(*command)
        assert outcome.code == 0, outcome
        return outcome

    def _undisturbed(self, story: Story, with_boundaries: bool) -> Undisturbed:
        self.deployment.restore(story.name)
        process, effort = self.deployment.start(*story.command), 0.0
        while process.poll() is None:
            effort = max(effort, _effort(process.pid))
            time.sleep(LOOK_SECONDS)
        assert process.returncode == 0, process.communicate()
        stands = standing(self.deployment)
        self._do("verify")
        self._do(*story.command)
        again = differences(standing(self.deployment), stands)
        assert not again, f"{story.name} once more changes what stands: {again}"
        return Undisturbed(
            effort,
            stands,
            names(self.deployment),
            tuple(self._boundaries(story)) if with_boundaries else (),
        )

    def _boundaries(self, story: Story) -> list[str]:
        """The names of all boundaries that the command comes to, in the order of their first times."""
        self.deployment.restore(story.name)
        self.words.unlink(missing_ok=True)
        outcome = self.deployment.incentives(*story.command, **self._hooked())
        assert outcome.code == 0, outcome
        return list(dict.fromkeys(self.words.read_text(encoding="utf-8").splitlines()))

    def _hooked(self, **wanted: str) -> dict[str, str]:
        places = {"CAMPAIGN_FOLDER": str(self.deployment.folder), "CAMPAIGN_NAMES": str(self.words)}
        path = os.pathsep.join([str(HOOKS), *filter(None, [os.environ.get("PYTHONPATH")])])
        return {"PYTHONPATH": path} | places | wanted

    # One trial

    def attempt(self, trial: Trial) -> Told:
        """Kills, lets the same command finish, and compares."""
        told, began = Told(trial), time.monotonic()
        self.deployment.restore(trial.story.name)
        for kill in trial.kills:
            before = runs(self.deployment)
            process, was_hit = self._killed(trial.story, kill)
            told.found.extend(_ended(process))
            if was_hit:
                told.stages.append(stage(self.deployment, before))
            else:
                told.unreached.append(kill)
        told.found.extend(self._finished(trial))
        told.seconds = time.monotonic() - began
        return told

    def _killed(self, story: Story, kill: Kill) -> tuple[subprocess.Popen[str], bool]:
        """Starts the command and kills; the process, and whether it came to the moment."""
        if kill.boundary:
            self.words.unlink(missing_ok=True)
            wanted = {"CAMPAIGN_DEATH": kill.boundary, "CAMPAIGN_VICTIM": kill.victim}
            process = self.deployment.start(*story.command, **self._hooked(**wanted))
            process.wait(PATIENCE_SECONDS)
            return process, self.words.exists() and DIED in self.words.read_text(encoding="utf-8").splitlines()
        process = self.deployment.start(*story.command)
        until = kill.share * self.undisturbed[story.name].effort
        while process.poll() is None and _effort(process.pid) < until:
            time.sleep(LOOK_SECONDS)
        if process.poll() is not None:
            return process, False
        for victim in victims(process.pid, kill.victim):
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        process.wait(PATIENCE_SECONDS)
        return process, True

    def _finished(self, trial: Trial) -> Iterator[str]:
        """What is wrong once the same command has been let finish; nothing where all is well."""
        expected = self.undisturbed[trial.story.name]
        for times in ("", "once more: ")[: 1 + trial.repeats]:
            outcome = self.deployment.incentives(*trial.story.command)
            if outcome.code != 0:
                yield f"{times}exit code {outcome.code}: {' '.join((outcome.out + outcome.err).split())[-600:]}"
                return
            yield from (f"{times}{name}" for name in differences(standing(self.deployment), expected.standing))
            if times and not re.search("is posted already|nothing to post", outcome.out):
                yield f"{times}posts: {outcome.out}"
        verified = self.deployment.incentives("verify")
        if verified.code != 0:
            yield f"verify: {verified.err.strip()}"
        yield from (f"{name} lies about" for name in sorted(names(self.deployment) - expected.names))
        yield from self._going_on()

    def _going_on(self) -> Iterator[str]:
        """The processes that still work in the deployment, after some patience."""
        until = time.monotonic() + ENDING_SECONDS
        while (found := _processes(self.deployment.folder)) and time.monotonic() < until:
            time.sleep(0.2)
        yield from (f"a process goes on: {words}" for words in found)


def _ended(process: subprocess.Popen[str]) -> Iterator[str]:
    """What is wrong with how a disturbed command ended: killed, well, or with one clear line and the code for it."""
    try:
        out, err = process.communicate(timeout=ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        yield "its children go on after it was killed"
        return
    if process.returncode in (0, -signal.SIGKILL):
        return
    try:
        told = Outcome(process.returncode, out, err).told
    except AssertionError:
        yield f"exit code {process.returncode} without one clear line: {err[-600:]}"
        return
    if process.returncode != 1:
        yield f"exit code {process.returncode}: {told}"


def victims(main: int, victim: str) -> list[int]:
    """The processes that die; where dbt is not at work, it is the command instead."""
    family = list(_family(main))
    dbt = [process for process in family if "orchestration.dbt_process" in _words(process)]
    return {"main": [main], "group": [*reversed(family), main], "dbt": dbt or [main]}[victim]


def _family(process: int) -> Iterator[int]:
    """The children of a process, and theirs."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from _family(child)


def _effort(main: int) -> float:
    """The seconds that a process, its children and those that ended have worked: that goes on evenly on a busy machine too."""
    ticks = 0
    for process in (main, *_family(main)):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _words(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _processes(folder: Path) -> list[str]:
    """The command lines of processes that name the folder."""
    found = [_words(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [words for words in found if str(folder) in words]


# Which trials

_KINDS = (
    (re.compile(r"landed_on=\d{4}-\d\d-\d\d|\d{4}-\d\d-\d\d"), "DAY"),
    (re.compile(r"\d{4}-\d\d\.parquet|(all|undated)\.parquet"), "PART.parquet"),
    (re.compile(r"(home/(?:accepted|quarantine|deliveries))/\w+"), r"\1/FEED"),
    (re.compile(r"(home/serving/\w+/version-N)/(?!parts|ledger_head)\w+"), r"\1/MART"),
    (re.compile(r"(home/dbt/(?:run|compiled))/.*"), r"\1/FILE"),
    (re.compile(r'"warehouse"\.'), ""),
    (re.compile(r"(duckdb: (?:COMMIT after )?[a-z][^.(]*[.(]).*"), r"\1"),
    (re.compile(r"(log (?!STEP_S|PIPELINE)\w+).*"), r"\1"),
    (re.compile(r"(\.db: (?:COMMIT after )?[A-Z][A-Z ]+).*"), r"\1"),
)


def kind_of(boundary: str) -> str:
    """What a boundary has in common with others: not which day, feed, mart or model it is about."""
    for one, instead in _KINDS:
        boundary = one.sub(instead, boundary)
    return boundary


def chosen(boundaries: tuple[str, ...], each: int) -> list[str]:
    """Of each kind of boundary as many as are asked for: the first, the last, and those that lie evenly between."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for boundary in boundaries:
        kinds[kind_of(boundary)].append(boundary)
    taken = {
        of_kind[number * (len(of_kind) - 1) // max(each - 1, 1)] for of_kind in kinds.values() for number in range(each)
    }
    return [boundary for boundary in boundaries if boundary in taken]


def at_boundaries(story: Story, boundaries: list[str], in_one_home: int) -> Iterator[Trial]:
    """Trials that come to each boundary; those of one trial lie far apart, and each has one victim after the other."""
    stride = -(-len(boundaries) // in_one_home)
    for first in range(stride):
        kills = []
        for number in range(first, len(boundaries), stride):
            among = VICTIMS if boundaries[number].startswith("dbt ") else VICTIMS[:2]
            kills.append(Kill(among[number % len(among)], boundary=boundaries[number]))
        yield Trial(f"{story.name}-{first}", story, tuple(kills), repeats=first % 3 == 0)


def at_moments(stories: list[Story], moments: int, seed: int) -> Iterator[Trial]:
    """Trials at random moments: each follows from the seed and its own number."""
    for number in range(moments):
        drawn = random.Random(f"{seed}/{number}")
        story = stories[number % len(stories)]
        kills = [
            Kill(drawn.choice(VICTIMS), share=drawn.uniform(0.02, 1)) for _ in range(drawn.choice((1, 1, 1, 2, 3)))
        ]
        yield Trial(str(number), story, tuple(kills), repeats=number % 3 == 0)


# The campaign


def main() -> None:
    """Runs the campaign that the command line names; exit code 1 where anything differs."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("kills: terminated"))
    arguments = _arguments()
    stories = [STORIES[name] for name in arguments.stories]
    folder = Path(tempfile.mkdtemp(prefix="kills-", dir=arguments.folder))
    told: list[Told] = []
    try:
        run(arguments, stories, folder, told)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _summarise(told)
    sys.exit(1 if any(one.found for one in told) else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m campaigns.kills", description=__doc__)
    parser.add_argument("--moments", type=int, default=100, help="trials at random moments")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--boundaries", type=int, default=0, help="boundaries of each kind; none by default")
    parser.add_argument("--like", default="", help="only boundaries whose names match, as STEP_S those between steps")
    parser.add_argument("--in-one-home", type=int, default=6, help="boundaries that follow one another in one home")
    parser.add_argument("--jobs", type=int, default=1, help="trials at once, each in a deployment of its own")
    parser.add_argument("--stories", nargs="+", choices=STORIES, default=list(STORIES))
    parser.add_argument("--only", nargs="+", default=[], help="only the trials of these numbers")
    parser.add_argument("--folder", type=Path, help="where deployments are made, for a while")
    return parser.parse_args()


def run(arguments: argparse.Namespace, stories: list[Story], folder: Path, told: list[Told]) -> None:
    """Runs all trials, as many at once as asked for; says what came of each as it comes, and adds it to what was told."""
    grounds: SimpleQueue[Ground] = SimpleQueue()
    lock = Lock()
    for job in range(arguments.jobs):
        grounds.put(Ground(folder / str(job), stories, arguments.boundaries > 0))
    ground = grounds.get()
    trials = list(at_moments(stories, arguments.moments, arguments.seed))
    for story in stories if arguments.boundaries else []:
        undisturbed = ground.undisturbed[story.name]
        taken = [one for one in chosen(undisturbed.boundaries, arguments.boundaries) if re.search(arguments.like, one)]
        print(f"{story.name}: {len(taken)} of {len(undisturbed.boundaries)} boundaries", flush=True)
        trials.extend(at_boundaries(story, taken, arguments.in_one_home))
    grounds.put(ground)

    def attempt(trial: Trial) -> None:
        ground = grounds.get()
        try:
            came = ground.attempt(trial)
        finally:
            grounds.put(ground)
        with lock:
            told.append(came)
            _say(came, arguments)

    wanted = [trial for trial in trials if not arguments.only or trial.number in arguments.only]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(attempt, wanted))


def _say(told: Told, arguments: argparse.Namespace) -> None:
    """One line a trial; where anything differs, all of it and how to see it again."""
    trial = told.trial
    reached = ", ".join(told.stages) or "nothing"
    killed = "; ".join(str(kill) for kill in trial.kills if not kill.boundary) or f"{len(trial.kills)} boundaries"
    verdict = "DIFFERS" if told.found else "ok"
    print(f"{trial.number:>10}  {trial.story.name:8} {killed}: {reached}  {told.seconds:.1f} s  {verdict}", flush=True)
    for kill in told.unreached:
        print(f"            not reached: {kill}", flush=True)
    for name in told.found:
        print(f"            {name}", flush=True)
    if told.found:
        for kill in trial.kills:
            print(f"            killed: {kill}", flush=True)
        again = f"--seed {arguments.seed} --moments {arguments.moments} --boundaries {arguments.boundaries}"
        again += f" --like '{arguments.like}'" if arguments.like else ""
        print(f"            again: {again} --stories {' '.join(arguments.stories)} --only {trial.number}", flush=True)


def _summarise(told: list[Told]) -> None:
    """A table: kills by the stage that they came to, and how many belong to trials that differ."""
    kills: dict[str, int] = defaultdict(int)
    differing: dict[str, int] = defaultdict(int)
    for one in told:
        for reached in one.stages:
            kills[reached] += 1
            differing[reached] += bool(one.found)
    print(f"{'stage':18} {'kills':>6} {'in trials that differ':>22}")
    for name in STAGES:
        print(f"{name:18} {kills[name]:6} {differing[name]:22}")
    trials, wrong = len(told), sum(bool(one.found) for one in told)
    unreached = sum(len(one.unreached) for one in told)
    print(f"{trials} trials, {sum(kills.values())} kills, {unreached} moments not reached, {wrong} trials differ")


if __name__ == "__main__":
    main()
