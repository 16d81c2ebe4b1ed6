"""The dbt project as Dagster sees it: its manifest, kept prepared, and how its process is told where the warehouse is.

Does not belong here: any model, or what becomes of their results (``assets.models``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.errors import SettingsError
from orchestration.settings import CHECKOUT, Settings

PROJECT = CHECKOUT / "dbt_project"
TARGET = PROJECT / "target"
MANIFEST = TARGET / "manifest.json"
EXECUTABLE = Path(sys.executable).with_name("dbt")
"""dbt of the same environment, wherever the command was started from."""
_SOURCES = ("models", "macros", "tests", "dbt_project.yml", "profiles.yml")


def export(settings: Settings) -> None:
    """Tells dbt's process where the warehouse is and which days are meant; telemetry stays off."""
    os.environ["INCENTIVES_WAREHOUSE"] = str(settings.warehouse)
    os.environ["INCENTIVES_TIMEZONE"] = settings.time_zone
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ["DBT_LOG_PATH"] = str(settings.home / "logs")


@cache
def manifest() -> dict[str, Any]:
    """The project's manifest, prepared anew where a source is newer; SettingsError where dbt cannot parse it."""
    if not MANIFEST.exists() or MANIFEST.stat().st_mtime < _newest_source():
        prepare()
    content: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return content


def prepare() -> None:
    """Parses the project once, so that runs need not."""
    command = [str(EXECUTABLE), "parse", "--quiet", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    environment = os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SettingsError(f"dbt cannot parse {PROJECT}: {(done.stdout + done.stderr).strip()[-400:]}")


def money_tests() -> list[dict[str, Any]]:
    """The tests that concern money, as the manifest describes them."""
    nodes = manifest()["nodes"].values()
    return [node for node in nodes if node["resource_type"] == "test" and "money" in node["tags"]]


def _newest_source() -> float:
    newest = 0.0
    for name in _SOURCES:
        place = PROJECT / name
        files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
        newest = max([newest, *(path.stat().st_mtime for path in files)])
    return newest
