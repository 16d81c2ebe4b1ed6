"""Writing a file so that a crash leaves either the old one or the new one, whole.

Belongs here: temporary name, fsync, rename, and clearing away what a killed writer left. Does not belong here: what stands in the
file.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path, mode: int = 0o600) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to; on success it is synced, given ``mode`` and renamed into place."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder is no file to write to", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(path)
    temporary = temporary_beside(path)
    try:
        yield temporary
        temporary.chmod(mode)
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """The name under which this process writes the file before it gets its own; nobody reads it."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def clear_leftovers(path: Path) -> None:
    """Removes what processes that were killed while they wrote the file left beside it, with a database's own files.

    So does what bears this process's number: it is of an earlier one, since a container counts from one each time.
    """
    mark = re.compile(rf"\.{re.escape(path.name)}\.([0-9]+)\.tmp([.-][a-z]+)?")
    for beside in path.parent.iterdir():
        found = mark.fullmatch(beside.name)
        if found is not None and (int(found[1]) == os.getpid() or not _is_running(int(found[1]))):
            beside.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_text(path: Path, text: str, mode: int = 0o600) -> None:
    """Replaces the file's text in one step."""
    with replacing(path, mode) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sync(path: Path) -> None:
    """Flushes a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
