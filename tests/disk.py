"""What this process asks of the disk, in order: which files and folders it flushes, and under which names it puts them.

A loss of power keeps what was flushed, and may keep anything else or not. Does not belong here: which order is right for what.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

SYNCED, RENAMED, LINKED = "synced", "renamed", "linked"


@dataclass(frozen=True)
class Step:
    """A file or folder that was flushed, or that got its name; ``source`` is the name that it had before."""

    verb: str
    path: Path
    source: Path | None = None


@contextmanager
def watched() -> Iterator[list[Step]]:
    """The steps of this process, as they come."""
    steps: list[Step] = []
    fsync, replace, rename, link = os.fsync, os.replace, os.rename, os.link

    def flushed(descriptor: int) -> None:
        steps.append(Step(SYNCED, Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def named(verb: str, done: Any) -> Any:
        def name(source: Any, target: Any, **options: Any) -> None:
            done(source, target, **options)
            steps.append(Step(verb, Path(target), Path(source)))

        return name

    with (
        patch("os.fsync", flushed),
        patch("os.replace", named(RENAMED, replace)),
        patch("os.rename", named(RENAMED, rename)),
        patch("os.link", named(LINKED, link)),
    ):
        yield steps


def named_in_order(steps: list[Step]) -> list[Path]:
    """The files that were put in place by a rename, in that order."""
    return [step.path for step in steps if step.verb == RENAMED]


def synced_between(steps: list[Step], path: Path, after: Path, before: Path) -> bool:
    """Whether a folder was flushed after a file got its name, and before another one did."""
    first, last = _place_of_name(steps, after), _place_of_name(steps, before)
    return Step(SYNCED, path) in steps[first:last]


def is_kept(steps: list[Step], path: Path) -> bool:
    """Whether a file was flushed before a rename gave it its name, and its folder was flushed after that."""
    place = _place_of_name(steps, path)
    source = steps[place].source
    assert source is not None
    return Step(SYNCED, source) in steps[:place] and Step(SYNCED, path.parent) in steps[place:]


def _place_of_name(steps: list[Step], path: Path) -> int:
    places = [place for place, step in enumerate(steps) if step.path == path and step.verb in (RENAMED, LINKED)]
    assert places, f"{path} was not put in place by a rename"
    return places[-1]
