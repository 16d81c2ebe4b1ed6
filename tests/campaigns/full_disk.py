"""Fills the disk under the real command, at each stage of it, and looks at what the same command makes of it once there is room.

    PYTHONPATH=tests:. python -m campaigns.full_disk --each 4 --seed 1 [--stories first next]

The home is a small disk of its own (mounted, which needs root). How much an undisturbed command takes up to the end of each step
is measured first; then there is room for a part of it only. The command ends with exit code 2 and one clear line, what was served
is served still, and with room the same command comes to what stands where there always was room. Does not belong here: kills
(``kills``).
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployment import Deployment, Outcome

from campaigns.stages import STAGES, STEPS, runs, stage
from campaigns.standing import Standing, differences, names, standing
from campaigns.stories import STORIES, Story, land

NO_ROOM = 2
AMPLE = 2**30
PAGE = 4096


@contextmanager
def disk(place: Path) -> Iterator[None]:
    """A disk of its own at a place; a clear word where none may be mounted."""
    place.mkdir(mode=0o711, parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={AMPLE},mode=0711", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        sys.exit(f"full_disk: no disk could be mounted, which needs root: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def resize(place: Path, size: int) -> None:
    """Leaves so many bytes for everything on the disk."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)


def used(place: Path) -> int:
    """The bytes that everything on the disk takes."""
    status = os.statvfs(place)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


class Disk:
    """A deployment whose home is on a small disk, a story, and what that comes to with ample room."""

    def __init__(self, deployment: Deployment, story: Story) -> None:
        self.deployment = deployment
        self.story = story
        self._empty()
        for command in story.before:
            outcome = deployment.incentives(*command)
            assert outcome.code == 0, outcome
        self.kept = deployment.folder.with_name(f"home of {story.name}")
        shutil.copytree(deployment.home, self.kept)
        self.served_before = deployment.served() if deployment.marts.exists() else None
        self.taken = self._measure()
        self.expected: Standing = standing(deployment)
        assert deployment.incentives("verify").code == 0
        self.names = names(deployment)

    def _empty(self) -> None:
        resize(self.deployment.home, AMPLE)
        for path in self.deployment.home.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def restore(self) -> None:
        """Brings the story's beginning back."""
        self._empty()
        shutil.copytree(self.kept, self.deployment.home, dirs_exist_ok=True)

    def _measure(self) -> list[int]:
        """Bytes taken at the beginning, and when each step says that it is done."""
        taken = [used(self.deployment.home)]
        process = self.deployment.start(*self.story.command)
        assert process.stderr is not None
        for line in process.stderr:
            if line.rstrip().endswith(STEPS):
                taken.append(used(self.deployment.home))
        assert process.wait() == 0
        assert process.stdout is not None
        process.stdout.close()
        process.stderr.close()
        return taken

    def fill(self, size: int) -> tuple[str, list[str]]:
        """Runs the command where the disk holds so many bytes, then with room; the stage reached, and what is wrong then."""
        self.restore()
        before = runs(self.deployment)
        resize(self.deployment.home, size)
        outcome = self.deployment.incentives(*self.story.command)
        if outcome.code == 0:
            return "there was room", differences(standing(self.deployment), self.expected)
        reached = stage(self.deployment, before)
        resize(self.deployment.home, AMPLE)
        return reached, [*_badly_told(outcome), *self._badly_served(), *self._wrong_with_room()]

    def _badly_served(self) -> Iterator[str]:
        """Whether something is served that is neither the version before nor the one that was to come."""
        if self.deployment.marts.exists() and self.deployment.served() != self.served_before:
            found = standing(self.deployment)
            if any(name.startswith("served ") for name in differences(found, self.expected)):
                yield "what is served is neither what it was nor what it becomes"

    def _wrong_with_room(self) -> Iterator[str]:
        """What is wrong once the same command had room; nothing where all is well."""
        outcome = self.deployment.incentives(*self.story.command)
        if outcome.code != 0:
            yield f"with room: exit code {outcome.code}: {' '.join(outcome.err.split())[-600:]}"
            return
        yield from differences(standing(self.deployment), self.expected)
        yield from (f"{name} lies about" for name in sorted(names(self.deployment) - self.names))
        verified = self.deployment.incentives("verify")
        if verified.code != 0:
            yield verified.err.strip()

    def sizes(self, each: int, seed: int) -> Iterator[int]:
        """Sizes of the disk, so many for each step: each lies between what is taken before it and after it."""
        drawn = random.Random(f"{seed}/{self.story.name}")
        for first, last in zip(self.taken, self.taken[1:], strict=False):
            for _ in range(each):
                yield drawn.randrange(first, max(last, first + 16 * PAGE), PAGE)


def _badly_told(outcome: Outcome) -> Iterator[str]:
    """Whether a command that had no room said so otherwise than in one line, or ended with another code."""
    said = outcome.out + outcome.err
    if outcome.code != NO_ROOM or outcome.err.count("incentives: ") != 1 or "Traceback" in said:
        yield f"exit code {outcome.code}: {' '.join(said.split())[-800:]}"


def main() -> None:
    """Runs the campaign that the command line names; exit code 1 where anything is wrong."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("full_disk: terminated"))
    arguments = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="full-disk-"))
    try:
        wrong = sum(fill_all(folder / name, STORIES[name], arguments) for name in arguments.stories)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if wrong else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m campaigns.full_disk", description=__doc__)
    parser.add_argument("--each", type=int, default=4, help="sizes for each step of a run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stories", nargs="+", choices=STORIES, default=["first", "next"])
    return parser.parse_args()


def fill_all(folder: Path, story: Story, arguments: argparse.Namespace) -> int:
    """Tries all sizes of a story, and says what came of each as it comes; how many went wrong."""
    deployment = Deployment(folder / "deployment")
    land(deployment)
    reached, wrong = Counter[str](), 0
    with disk(deployment.home):
        filled = Disk(deployment, story)
        steps = ", ".join(f"{taken // 1024} KiB" for taken in filled.taken)
        print(f"{story.name}: taken at the beginning and after each step: {steps}", flush=True)
        for size in filled.sizes(arguments.each, arguments.seed):
            stage_reached, found = filled.fill(size)
            reached[stage_reached] += 1
            wrong += bool(found)
            print(f"{story.name:8} {size // 1024:8} KiB  {stage_reached:16} {'WRONG' if found else 'ok'}", flush=True)
            for words in found:
                print(f"            {words}", flush=True)
    for name in (*STAGES, "there was room"):
        print(f"{story.name:8} {name:18} {reached[name]:4}")
    return wrong


if __name__ == "__main__":
    main()
