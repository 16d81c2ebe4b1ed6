"""The bytes of files as they were when they were read or written, and whether they still are.

Belongs here: the fingerprint of a file, and where files differ from theirs. Does not belong here: which files these must be, and
what to do about one that changed (``deliveries``, ``accepted_rows``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True)
class Fingerprint:
    """A file as it was: its size in bytes, when it was written, and the hash of its bytes (hexadecimal)."""

    name: str
    size: int
    mtime_ns: int
    sha256: str


class Change(StrEnum):
    """How a folder differs from what is known of it."""

    ADDED = "ADDED"
    GONE = "GONE"
    CHANGED = "CHANGED"


def fingerprint(path: Path) -> Fingerprint:
    """The file as it is now; OSError where it goes meanwhile."""
    status = path.stat()
    sha256 = ""  # of a file that cannot be read, which refuses its delivery: reading says why
    with suppress(OSError):
        sha256 = _sha256(path)
    return Fingerprint(path.name, status.st_size, status.st_mtime_ns, sha256)


def first_change(
    known: Iterable[Fingerprint], present: Iterable[Path], rehash: bool = False
) -> tuple[str, Change] | None:
    """The first name, in their order, of which the files of a folder are not what is known; None where all are.

    Sizes and modification times are compared, and hashes where these differ; ``rehash`` compares every hash (an audit).
    """
    before = {file.name: file for file in known}
    now = {path.name: path for path in present}
    for name in sorted(before.keys() | now.keys()):
        if name not in before:
            return name, Change.ADDED
        if name not in now:
            return name, Change.GONE
        if _is_changed(before[name], now[name], rehash):
            return name, Change.CHANGED
    return None


def _is_changed(file: Fingerprint, path: Path, rehash: bool) -> bool:
    try:
        status = path.stat()
    except FileNotFoundError:  # a link that leads nowhere
        return True
    if not rehash and (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns):
        return False
    return status.st_size != file.size or _sha256(path) != file.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
