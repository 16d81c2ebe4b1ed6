"""The home of a deployment: its folders with their modes, and Dagster's own settings in it (PUBLIC, State).

Does not belong here: what is written into the folders.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from orchestration.errors import SettingsError
from orchestration.files import write_text
from orchestration.settings import Settings

DAGSTER_YAML = """telemetry:
  enabled: false
nux:
  enabled: false
# One run at a time: there is one writer.
concurrency:
  runs:
    max_concurrent_runs: 1
event_log_storage:
  module: orchestration.event_log
  class: KeptEventLogStorage
  config:
    base_dir: "{history}"
"""


def prepare_home(settings: Settings) -> None:
    """Makes the home's folders where they are missing; SettingsError where they cannot be made or written."""
    try:
        _folder(settings.home, 0o711)
        for folder in (settings.accepted, settings.quarantine, settings.deliveries, settings.warehouse.parent):
            _folder(folder, 0o700)
        for folder in (settings.home / "ledger", settings.home / "logs", settings.dagster_home):
            _folder(folder, 0o700)
        if settings.landing == settings.home / "landing":
            _folder(settings.landing, 0o700)
        configuration = settings.dagster_home / "dagster.yaml"
        content = DAGSTER_YAML.format(history=settings.dagster_home / "history" / "runs")
        if not configuration.exists() or configuration.read_text(encoding="utf-8") != content:
            write_text(configuration, content)
    except OSError as error:
        raise SettingsError(
            f"the home {settings.home} cannot be written ({error.strerror}): mend its permissions or set INCENTIVES_HOME"
        ) from error
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)


def _folder(path: Path, mode: int) -> None:
    path.mkdir(parents=True, exist_ok=True)
    if stat.S_IMODE(path.stat().st_mode) & ~mode:
        path.chmod(mode)
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(13, "permission denied", str(path))
