"""Tries every law on as many new worlds as are asked for, round by round, each round by a seed that reproduces it.

    make laws N=50 SEED=7          one round; without a seed, a new one
    make laws MINUTES=60           rounds of N examples a law until the time is over, with the seeds that follow
    make laws N=50 SEED=7 LAW=test_strangers_change_nothing

Ends with 1 at the first difference: prints what differed and the command that shows it again, and leaves all that was said in
var/laws. A law is a test that is decorated with ``properties.effort.tried_on``. Does not belong here: a law.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
DIFFERENCES = CHECKOUT / "var" / "laws"
PROCESSES = 2
"""Among so many processes the laws of a round are shared: what a law is tried on depends on the seed, and not on its company."""

COUNTED = re.compile(r"^(\d+) laws, (\d+) examples$", re.MULTILINE)
FAILED = re.compile(r"^(?:FAILED|ERROR) (?:\S+::)?(\w+).*$", re.MULTILINE)
DONE, NO_LAW = 0, 5
"""What pytest ends with where all laws hold, and where the share of a process is none."""


@dataclass(frozen=True)
class Asked:
    """What a person asked for: examples of each law, the first seed, until when (seconds since 1970), and which laws."""

    examples: int
    seed: int
    until: float | None
    law: str | None

    @property
    def seeds(self) -> Iterator[int]:
        """One for each round."""
        return count(self.seed) if self.until else iter([self.seed])

    @property
    def is_over(self) -> bool:
        """Whether no other round is to begin."""
        return self.until is not None and time.time() >= self.until

    def again(self, seed: int, law: str | None) -> str:
        """The command that repeats a round, or one law of it."""
        law = law or self.law
        return f"make laws N={self.examples} SEED={seed}" + (f" LAW={law}" if law else "")


class Share:
    """One process with its share of a round's laws, and the file of all that it says."""

    def __init__(self, asked: Asked, seed: int, number: int, folder: Path) -> None:
        self.seed, self.began = seed, time.monotonic()
        self.output = folder / f"seed-{seed}-{number}.txt"
        environment = os.environ | {
            "LAW_EXAMPLES": str(asked.examples),
            "LAWS_SHARE": f"{number}/{PROCESSES}",
            "LAWS_UNTIL": str(asked.until or math.inf),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
            # So wide that a difference is said in one line.
            "COLUMNS": "200",
            # What a process leaves that is ended goes with the folder.
            "TMPDIR": str(folder),
        }
        options = ["-p", "campaigns.only_laws", "-p", "no:cacheprovider", "--exitfirst", f"--hypothesis-seed={seed}"]
        options += ["-k", asked.law] if asked.law else []
        with self.output.open("w", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *options, *map(str, files_with_laws())],
                cwd=CHECKOUT, env=environment, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @property
    def has_ended(self) -> bool:
        """Whether the process is through with its laws."""
        return self.process.poll() is not None

    def end(self) -> None:
        """Ends the process where it has not ended by itself."""
        self.process.terminate()
        self.process.wait()

    def tried(self) -> Counter[str]:
        """How many laws on how many examples; DifferenceError, with the law's name, where one does not hold."""
        said = self.output.read_text(encoding="utf-8")
        if self.process.returncode not in (DONE, NO_LAW):
            DIFFERENCES.mkdir(parents=True, exist_ok=True)
            kept = shutil.copy(self.output, DIFFERENCES)
            failed = FAILED.search(said)
            told = failed[0] if failed else said.strip().splitlines()[-1]
            raise DifferenceError(self.seed, failed and failed[1], f"{told}\nAll that was said stands in {kept}")
        laws, examples = COUNTED.findall(said)[-1]
        return Counter(laws=int(laws), examples=int(examples))


class DifferenceError(Exception):
    """A law that does not hold: seed, its name where it is known, and what pytest says of it."""


def files_with_laws() -> list[Path]:
    """The files of tests that try something on worlds."""
    return sorted(path for path in (CHECKOUT / "tests").rglob("test_*.py") if "tried_on" in path.read_text("utf-8"))


def shares(asked: Asked, folder: Path) -> Generator[Share, None, None]:
    """The shares of all rounds as they end, some of them running at once; none begins after the time."""
    waiting = ((seed, number) for seed in asked.seeds for number in range(1, PROCESSES + 1))
    running: list[Share] = []
    try:
        while True:
            while len(running) < PROCESSES and not asked.is_over and (task := next(waiting, None)):
                running.append(Share(asked, *task, folder))
            if not running:
                return
            time.sleep(0.2)
            for share in filter(lambda share: share.has_ended, list(running)):
                running.remove(share)
                yield share
    finally:
        for share in running:
            share.end()


def campaign(asked: Asked, folder: Path) -> None:
    """Tries the laws, and says of each round what was tried; DifferenceError where one does not hold."""
    rounds: dict[int, list[Share]] = {}
    total: Counter[str] = Counter()
    with closing(shares(asked, folder)) as ended:
        for share in ended:
            total += share.tried()
            of_round = rounds.setdefault(share.seed, [])
            of_round.append(share)
            if len(of_round) == PROCESSES:
                say(of_round)
                del rounds[share.seed]
    if not total["laws"]:
        sys.exit(
            f"laws: no law has {asked.law} in its name" if asked.law else "laws: the time was over before any was tried"
        )
    print(f"every law holds on {total['examples']} examples", flush=True)


def say(of_round: list[Share]) -> None:
    """One line on a round that is through."""
    tried = sum((share.tried() for share in of_round), Counter())
    seconds = time.monotonic() - min(share.began for share in of_round)
    told = f"{tried['laws']} laws, {tried['examples']} examples, {seconds:.0f} s"
    print(f"seed {of_round[0].seed}: {told}", flush=True)


def main() -> int:
    """Tries the laws as the command line asks; 1 where one does not hold."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("laws: terminated"))
    asked = _asked()
    print(f"{asked.examples} examples a law; {asked.again(asked.seed, None)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="laws_") as folder:
        try:
            campaign(asked, Path(folder))
        except DifferenceError as difference:
            seed, law, told = difference.args
            print(f"{told}\nTo see it again: {asked.again(seed, law)}")
            return 1
        except KeyboardInterrupt:
            return 130
    return 0


def _asked() -> Asked:
    parser = argparse.ArgumentParser(prog="make laws", description=__doc__)
    parser.add_argument("--examples", type=_count, default=50, help="examples of each law in a round")
    parser.add_argument("--seed", type=_count, help="of the first round; by chance where none is given")
    parser.add_argument("--minutes", type=_count, help="rounds follow each other until so many are over")
    parser.add_argument("--law", help="one law, by its name or a part of it")
    given = parser.parse_args()
    until = time.time() + 60 * given.minutes if given.minutes else None
    return Asked(given.examples, given.seed or 1 + secrets.randbelow(10**9), until, given.law)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no count; write 1 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
