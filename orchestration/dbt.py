"""The dbt project as Dagster sees it: its manifest, kept prepared, and its process, told where the warehouse is.

Does not belong here: any model, or what becomes of their results (``assets.models``).
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation
from packaging.version import Version

from orchestration.errors import RefusedError, SettingsError
from orchestration.files import write_text
from orchestration.settings import CHECKOUT, Settings
from orchestration.warehouse import KeptMarts

PROJECT = CHECKOUT / "dbt_project"
_NAME = "incentives"
_SOURCES = ("models", "macros", "tests", "dbt_project.yml", "profiles.yml")


def target(settings: Settings) -> Path:
    """Where dbt keeps what it parsed: in the home, since the warehouse's path is part of it. One writer, one folder."""
    return settings.home / "dbt"


@cache
def manifest(settings: Settings) -> dict[str, Any]:
    """The project's manifest, prepared anew where a source is another than it was; SettingsError where dbt cannot parse it."""
    prepared, sources = target(settings) / "prepared_manifest.json", _sources()
    content = json.loads(prepared.read_text(encoding="utf-8")) if prepared.exists() else {}
    if content.get("sources") != sources:
        content = {"sources": sources, "manifest": _parsed(settings)}
        write_text(prepared, json.dumps(content))
    found: dict[str, Any] = content["manifest"]
    return found


def money_tests(settings: Settings) -> list[dict[str, Any]]:
    """The tests that concern money, as the manifest describes them."""
    nodes = manifest(settings)["nodes"].values()
    return [node for node in nodes if node["resource_type"] == "test" and "money" in node["tags"]]


def kept_relations(settings: Settings) -> list[str]:
    """The relations that runs add to and never make anew, such as ``movements.gmv_daily_movements``."""
    return _incremental(settings, "replace_window")


def kept_marts(settings: Settings) -> KeptMarts:
    """The relations of which a run that continues makes a part anew, and any other run all, such as ``marts.gmv_daily``."""
    return KeptMarts(tuple(_incremental(settings, "replace_touched")), _fingerprint(settings))


def build(settings: Settings, context: dg.AssetExecutionContext, translator: DagsterDbtTranslator) -> DbtCliInvocation:
    """Starts ``dbt build`` in a process of its own; its events stream into the run.

    Started directly, not through the command-line resource: that starts dbt once more to ask for its version, and loads an
    adapter into this process, which nothing here needs.
    """
    return DbtCliInvocation.run(
        args=_command("build", settings),
        env=_environment(settings),
        manifest=manifest(settings),
        dagster_dbt_translator=translator,
        project_dir=PROJECT,
        target_path=target(settings),
        raise_on_error=True,
        context=context.op_execution_context,
        adapter=None,
        cli_version=Version(version("dbt-core")),
        dbt_project=None,
    )


def _fingerprint(settings: Settings) -> str:
    """What the models and macros say and which dbt reads them, as a hash: marts of another project are none to go on from."""
    content = manifest(settings)
    said = {key: macro["macro_sql"] for key, macro in content["macros"].items() if macro["package_name"] == _NAME}
    for key, node in content["nodes"].items():
        if node["resource_type"] == "model":
            said[key] = [node["checksum"]["checksum"], node["config"], node["columns"]]
    text = json.dumps([content["metadata"]["dbt_version"], said], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _incremental(settings: Settings, strategy: str) -> list[str]:
    nodes = manifest(settings)["nodes"].values()
    return [
        f"{node['schema']}.{node['alias']}"
        for node in nodes
        if node["resource_type"] == "model" and node["config"]["incremental_strategy"] == strategy
    ]


def _parsed(settings: Settings) -> dict[str, Any]:
    """What dbt makes of the project, parsed once, so that runs need not."""
    target(settings).mkdir(parents=True, exist_ok=True)
    command = _command("parse", settings)
    done = subprocess.run(command, env=_environment(settings), capture_output=True, text=True, check=False)
    if done.returncode < 0:
        raise RefusedError(
            f"dbt was killed by signal {-done.returncode} while it read the project: run the same command again"
        )
    if done.returncode != 0:
        raise SettingsError(f"dbt cannot parse {PROJECT}: {(done.stdout + done.stderr).strip()[-400:]}")
    content: dict[str, Any] = json.loads((target(settings) / "manifest.json").read_text(encoding="utf-8"))
    return content


def _command(verb: str, settings: Settings) -> list[str]:
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target(settings))]
    # dbt of the same environment, wherever this was started from; no folder of the place shadows a package (-P).
    process = [sys.executable, "-P", "-m", "orchestration.dbt_process", str(os.getpid())]
    return [*process, verb, *places]


def _environment(settings: Settings) -> dict[str, str]:
    """Tells dbt where the warehouse is and which days are meant; telemetry stays off."""
    return os.environ | {
        "INCENTIVES_WAREHOUSE": str(settings.warehouse),
        "INCENTIVES_TIMEZONE": settings.time_zone,
        "INCENTIVES_MEMORY": settings.memory,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        # Its process tells what it says itself.
        "DBT_LOG_LEVEL": "none",
        "DBT_LOG_LEVEL_FILE": "none",
        "DBT_LOG_PATH": str(settings.home / "logs"),
        "PYTHONUNBUFFERED": "1",
    }


def _sources() -> str:
    """The project's sources and dbt's version as a hash: by what they say, since clocks jump and copies keep their times."""
    hashed = hashlib.sha256(version("dbt-core").encode())
    for name in _SOURCES:
        place = PROJECT / name
        for path in [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file()):
            hashed.update(f"\x1f{path.relative_to(PROJECT)}\x1f".encode() + path.read_bytes())
    return hashed.hexdigest()
