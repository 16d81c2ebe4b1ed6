"""One writer at a time: the lock that every run takes, and who holds it.

A lock on a file, so that it goes with the process however that ends. Does not belong here: DuckDB's or the ledger's own
locks.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from orchestration.errors import BusyError
from orchestration.settings import Settings

_HELD: set[Path] = set()
"""Locks of this process, so that a command and the run that it starts share one."""


@contextmanager
def writer_lock(
    settings: Settings, purpose: str, patience: float = 0, report: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Holds the lock; waits at most ``patience`` seconds for another process, then raises BusyError naming it."""
    if settings.lock in _HELD:
        yield
        return
    settings.lock.parent.mkdir(parents=True, exist_ok=True)
    with settings.lock.open("a+", encoding="utf-8") as stream:
        settings.lock.chmod(0o600)
        _wait(stream.fileno(), settings.lock, patience, report)
        _sign(settings.lock, purpose)
        _HELD.add(settings.lock)
        try:
            yield
        finally:
            _HELD.discard(settings.lock)


def holder(lock: Path) -> str | None:
    """Who holds the lock, in words; None where nobody does."""
    if not lock.exists():
        return None
    with lock.open("r+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(lock)
    return None


def _wait(descriptor: int, lock: Path, patience: float, report: Callable[[str], None]) -> None:
    until = time.monotonic() + patience
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                raise BusyError(f"another writer is at work: {_read(lock)}; wait for it to end") from None
            if not told:
                report(f"waiting for another writer: {_read(lock)}")
                told = True
            time.sleep(0.5)


def _sign(lock: Path, purpose: str) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    content = {"purpose": purpose, "pid": os.getpid(), "host": socket.gethostname(), "since": since}
    lock.write_text(json.dumps(content) + "\n", encoding="utf-8")


def _read(lock: Path) -> str:
    try:
        content = json.loads(lock.read_text(encoding="utf-8"))
        return f"{content['purpose']}, process {content['pid']} on {content['host']}, since {content['since']}"
    except (OSError, ValueError, KeyError):
        return "a process that did not sign the lock"
