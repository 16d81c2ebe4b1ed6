"""Running a command and watching what it takes: wall seconds, seconds a stage, and the memory of all its processes together.

Does not belong here: what is run (``__main__``).
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

STAGE = re.compile(r"^\s*([0-9.]+) s {2}(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """One command: wall seconds, peak GiB of resident memory over all its processes, and seconds by stage."""

    seconds: float
    peak_gib: float
    stages: dict[str, float] = field(default_factory=dict)


def measured(process: subprocess.Popen[str]) -> Measured:
    """Waits for a command that was just started; AssertionError with its own words where it fails."""
    began = time.perf_counter()
    peak = [0]
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peak, done), daemon=True)
    watcher.start()
    out, err = process.communicate()
    done.set()
    watcher.join()
    assert process.returncode == 0, err[-2_000:] or out[-2_000:]
    stages = {name: float(seconds) for seconds, name in STAGE.findall(err)}
    return Measured(time.perf_counter() - began, peak[0] / 2**30, stages)


def _watch(root: int, peak: list[int], done: threading.Event) -> None:
    while not done.wait(0.25):
        peak[0] = max(peak[0], sum(_resident(process) for process in _tree(root)))


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
    """Resident bytes, shared pages counted in proportion where the system says so."""
    for line in _read(Path(f"/proc/{process}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended
        return ""
