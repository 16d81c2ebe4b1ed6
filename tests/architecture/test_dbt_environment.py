"""dbt's profile says what the settings say: the warehouse, the business time zone and the memory of one deployment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import jinja2
import pytest
import yaml

from orchestration import dbt
from orchestration.errors import RefusedError
from orchestration.settings import Settings


def test_the_profile_is_the_deployments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("HOME", str(tmp_path)), ("TIMEZONE", "Asia/Tokyo"), ("MEMORY", "3GB")):
        monkeypatch.setenv(f"INCENTIVES_{name}", value)
    settings = Settings.from_environment()
    environment = dbt._environment(settings)
    text = (dbt.PROJECT / "profiles.yml").read_text(encoding="utf-8")
    profile = yaml.safe_load(jinja2.Template(text).render(env_var=environment.get))
    outputs = profile["incentives"]["outputs"]["warehouse"]
    assert outputs["path"] == str(settings.warehouse)
    assert outputs["settings"]["TimeZone"] == "Asia/Tokyo"
    assert outputs["settings"]["memory_limit"] == "3GB"


def test_the_project_is_read_anew_where_a_model_says_something_else_whatever_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(dbt.PROJECT, project, ignore=shutil.ignore_patterns("target"))
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path))
    monkeypatch.setattr(dbt, "PROJECT", project)
    parsed: list[int] = []
    monkeypatch.setattr(dbt, "_parsed", lambda _settings: parsed.append(len(parsed)) or {"parsed": len(parsed)})

    def manifest() -> int:
        dbt.manifest.cache_clear()
        return dbt.manifest(Settings.from_environment())["parsed"]

    try:
        assert (manifest(), manifest()) == (1, 1)
        # Prepared, as a clock has it that jumped back since, long after the change that comes now.
        ahead = time.time() + 366 * 86_400
        os.utime(dbt.target(Settings.from_environment()) / "prepared_manifest.json", (ahead, ahead))
        model = project / "models" / "marts" / "deliveries.sql"
        model.write_text(model.read_text() + "-- another word\n")
        assert (manifest(), manifest()) == (2, 2)
        model.unlink()
        assert manifest() == 3
    finally:
        dbt.manifest.cache_clear()


def test_a_dbt_that_is_killed_while_it_reads_the_project_is_no_fault_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path))
    killed = subprocess.CompletedProcess([], -signal.SIGKILL, "", "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: killed)
    with pytest.raises(RefusedError, match="killed by signal 9 while it read the project: run the same command again"):
        dbt._parsed(Settings.from_environment())
