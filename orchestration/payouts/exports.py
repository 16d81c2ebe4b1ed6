"""The files of exports on disk: ``<home>/payouts/export-<posting>/``, for the owner alone.

They are copies of what stands in the ledger's database since the export, so that one that is missing is written again, the same
bytes. Does not belong here: what the files look like (``payment_files``), or what is paid (``payouts``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from orchestration.errors import RefusedError
from orchestration.files import replacing
from orchestration.payouts.payment_files import CONTROL
from orchestration.settings import Settings

HEAD: Final = "ledger_head.json"

File = tuple[int, str, str, bytes]
"""Posting, name, SHA-256 and content, as ``Payouts.files`` gives them."""


def folder_of(settings: Settings, posting_no: int) -> Path:
    """Where the files of an export are."""
    return settings.payouts / f"export-{posting_no:06d}"


def head_file(settings: Settings) -> Path:
    """Where the ledger's head after the last payment or adjustment is recorded, beside the exports."""
    return settings.payouts / HEAD


def write_missing(settings: Settings, files: Iterable[File]) -> list[Path]:
    """Writes the files of exports that are not there, each whole or not at all, an export's totals last; those it wrote.

    RefusedError naming one that is there with other bytes.
    """
    written = []
    for posting_no, name, sha256, content in sorted(files, key=lambda one: (one[0], one[1] == CONTROL)):
        path = folder_of(settings, posting_no) / name
        if not path.exists():
            settings.payouts.mkdir(mode=0o700, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_bytes(content)
            written.append(path)
        elif not _has(path, sha256):
            raise RefusedError(f"{path} is not what was exported: move it away, and the same command writes it anew")
    return written


def missing_files(settings: Settings, files: Iterable[File]) -> Iterator[str]:
    """Which files of exports are not on disk."""
    for posting_no, name, _, _ in files:
        path = folder_of(settings, posting_no) / name
        if not path.exists():
            yield f"{path} is missing: `incentives payouts export` writes it anew"


def foreign_files(settings: Settings, files: Iterable[File]) -> Iterator[str]:
    """Which files on disk, anywhere beside those of exports, are not what was exported, or never were."""
    known = {folder_of(settings, posting_no) / name: sha256 for posting_no, name, sha256, _ in files}
    # The folder of an export may be a link, into which the first of the two does not go.
    for path in sorted({*settings.payouts.rglob("*"), *settings.payouts.glob("export-*/*")}):
        if path in known:
            if not _has(path, known[path]):
                yield f"{path} is not what was exported: do not send it; move it away, then `incentives payouts export`"
        elif not (_is_folder(path, known) or path.name.startswith(".") or path == head_file(settings)):
            yield (
                f"{path} was never exported: do not send it; move it out of {settings.payouts} and keep it: where the ledger was "
                "put back from before it, it says what was paid since (README, Operations)"
            )


def _is_folder(path: Path, known: Iterable[Path]) -> bool:
    """Whether a path holds only what is looked at for itself: a link leads elsewhere, but where an export's folder is one."""
    return path.is_dir() and (not path.is_symlink() or path in {file.parent for file in known})


def _has(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
