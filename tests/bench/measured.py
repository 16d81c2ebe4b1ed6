"""Running a command and watching what it takes: wall seconds, memory of all its processes together, and what it spills to disk.

Does not belong here: what is run (``sizes``), or what its seconds went into (``stages``).
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Measured:
    """One command: wall seconds, peak GiB of resident memory over all its processes, peak GiB spilled, and what it told."""

    seconds: float
    peak_gib: float
    spilled_gib: float
    told: str


def measured(process: subprocess.Popen[str], spill: Path) -> Measured:
    """Waits for a command that was just started, which spills into ``spill``; AssertionError with its own words where it fails."""
    began = time.perf_counter()
    peak, done = [0, 0], threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, spill, peak, done), daemon=True)
    watcher.start()
    with ending(process):
        out, err = process.communicate()
    done.set()
    watcher.join()
    assert process.returncode == 0, err[-2_000:] or out[-2_000:]
    return Measured(time.perf_counter() - began, peak[0] / 2**30, peak[1] / 2**30, err)


@contextmanager
def ending(process: subprocess.Popen[str]) -> Iterator[None]:
    """A command that lasts no longer than the block, however that ends."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _watch(root: int, spill: Path, peak: list[int], done: threading.Event) -> None:
    while not done.wait(LOOK_SECONDS):
        peak[0] = max(peak[0], sum(_resident(process) for process in _tree(root)))
        peak[1] = max(peak[1], sum(_size(file) for file in spill.glob("*")))


def _tree(root: int) -> list[int]:
    """A process and all that it started, as far as they still run."""
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            waiting += [int(child) for child in _read(children).split()]
    return found


def _resident(process: int) -> int:
    """Resident bytes. Pages that processes share count in each: telling them apart walks all memory, and slows the process."""
    for line in _read(Path(f"/proc/{process}/status")).splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def _size(file: Path) -> int:
    try:
        return file.stat().st_blocks * 512
    except OSError:  # it is gone
        return 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended
        return ""
