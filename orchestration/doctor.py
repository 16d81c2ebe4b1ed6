"""Examining a deployment: settings, versions, permissions, locks and free space, and what to do about each trouble.

Reads only. Does not belong here: money (``verification``).
"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from orchestration.deliveries import State, find_deliveries, is_closed, latest_accepted, read_records
from orchestration.errors import IncentivesError
from orchestration.programs import checked_programs, deployed_programs
from orchestration.progress import Progress
from orchestration.publication import views_elsewhere
from orchestration.recorded_heads import require_heads_held
from orchestration.settings import Settings
from orchestration.writer_lock import holder

_LEAST_FREE_BYTES = 2 * 2**30


@dataclass
class Findings:
    """What is sound and what is not, a sentence each; a trouble says what to do."""

    sound: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def note(self, trouble: str | None, sound: str) -> None:
        """Keeps a trouble, or what is sound where there is none."""
        if trouble:
            self.troubles.append(trouble)
        else:
            self.sound.append(sound)


def examine(settings: Settings) -> Findings:
    """Looks at everything once."""
    found = Findings()
    _settings(settings, found)
    _versions(found)
    _permissions(settings, found)
    _deliveries(settings, found)
    found.note(
        f"{settings.serving / 'marts.duckdb'} shows files of another place: `incentives doctor --repair`"
        if views_elsewhere(settings)
        else None,
        "served views show this home",
    )
    held = holder(settings.lock)
    found.note(None, f"lock: {held}" if held else "lock: free")
    free = _free(settings.home)
    found.note(
        f"only {free // 2**20} MiB are free under {settings.home}: free some" if free < _LEAST_FREE_BYTES else None,
        f"{free // 2**30} GiB free",
    )
    return found


def _settings(settings: Settings, found: Findings) -> None:
    try:
        progress = Progress.load(settings)
        found.sound.append(
            f"home {settings.home}, time zone {progress.time_zone}, processed through {progress.processed_through or 'nothing yet'}"
        )
    except IncentivesError as error:
        found.troubles.append(str(error))
    try:
        require_heads_held(settings)
    except IncentivesError as error:
        found.troubles.append(str(error))
    try:
        programs = checked_programs(settings) if settings.state.exists() else deployed_programs(settings)
        found.sound.append(f"{len(programs)} programs: {', '.join(program.program_id for program in programs)}")
    except IncentivesError as error:
        found.troubles.append(str(error))


def _versions(found: Findings) -> None:
    wrong = []
    for text in requires("incentives") or []:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is not installed")
            continue
        if installed not in requirement.specifier:
            wrong.append(f"{requirement.name} is {installed}, not {requirement.specifier}")
    found.note(f"{', '.join(wrong)}: run `make setup`" if wrong else None, "versions as pinned")


def _permissions(settings: Settings, found: Findings) -> None:
    if not settings.home.exists():
        found.troubles.append(f"the home {settings.home} does not exist yet: `incentives run` makes it")
        return
    for path, worst in (
        (settings.home / "ledger", 0o700),
        (settings.home / "ledger" / "ledger.sqlite", 0o600),
        (settings.home, 0o711),
    ):
        if path.exists():
            mode = stat.S_IMODE(path.stat().st_mode)
            open_to = mode & ~worst
            found.note(f"{path} has mode {mode:o}: chmod {worst:o}" if open_to else None, f"{path.name}: mode {mode:o}")
    unwritable = not os.access(settings.home, os.W_OK)
    found.note(f"{settings.home} is not writable: mend its permissions" if unwritable else None, "home is writable")


def _deliveries(settings: Settings, found: Findings) -> None:
    landed = find_deliveries(settings)
    found.sound.append(f"{len(landed.deliveries)} deliveries in {settings.landing}")
    found.sound.extend(landed.ignored)
    for record in read_records(settings):
        if record.state is not State.REFUSED:
            continue
        is_overtaken = is_closed(record, latest_accepted(settings, record.feed))
        cure = (
            "too late to replace: deliver it in the next unprocessed day's folder, and"
            if is_overtaken
            else "replace it in place, or"
        )
        found.troubles.append(
            f"{record.reason}; {cure} `incentives waive {record.feed} {record.landed_on} --reason ...`"
        )


def _free(path: Path) -> int:
    existing = path
    while not existing.exists():
        existing = existing.parent
    return shutil.disk_usage(existing).free
