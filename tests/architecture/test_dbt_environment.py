"""dbt's profile says what the settings say: the warehouse, the business time zone and the memory of one deployment."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
import yaml

from orchestration import dbt
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
