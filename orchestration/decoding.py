"""Decoding that ended its process: the mark that names a Parquet file while it is decoded, and the trial of one left marked.

The Parquet library aborts on some damaged files, which no exception tells of. Run as a module this decodes one file, in a
process that may die of it. Does not belong here: the formats (``readers``), or what becomes of the rows (``acceptance``).
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from data_contracts.feeds import FEEDS, Feed
from orchestration.readers import UnusableFileError, read_file
from orchestration.settings import Settings

_STOPPED = {-signal.SIGHUP, -signal.SIGINT, -signal.SIGTERM}  # somebody ended the child, not the file


def mark_of(settings: Settings, feed: Feed, landed_on: date) -> Path:
    """Where the mark of a delivery lies: beside its record."""
    return settings.deliveries / feed.name / f"{landed_on.isoformat()}.decoding"


@contextmanager
def marked(mark: Path, path: Path) -> Iterator[None]:
    """Leaves the mark, with the file's name, should the process die within; other formats than Parquet need none.

    It is not synced: it outlives the process, and after a loss of power no mark, or half of one, means as much as none.
    """
    if path.suffix != ".parquet":
        yield
        return
    mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.write_bytes(path.name.encode())
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


def check_marked(mark: Path, files: list[Path], feed: Feed) -> None:
    """UnusableFileError where one of the files was left marked, and decoding it ends a process again; else the mark goes.

    The mark of a refused file stays, so that the next attempt does not die of it, but tries it here again.
    """
    if not mark.exists():
        return
    name = mark.read_bytes()
    for path in files:
        if path.name.encode() == name and _ends_process(path, feed):
            raise UnusableFileError(f"{path.name} is damaged (decoding it ended the process): deliver it again")
    mark.unlink()


def _ends_process(path: Path, feed: Feed) -> bool:
    command = [sys.executable, "-P", "-m", "orchestration.decoding", feed.name, str(path)]
    code = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode
    return code < 0 and code not in _STOPPED


def main() -> None:
    """Decodes the file that the command line names after its feed, and drops the rows."""
    name, path = sys.argv[1:]
    for _ in read_file(Path(path), FEEDS[name]):
        pass


if __name__ == "__main__":
    main()
