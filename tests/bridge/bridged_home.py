"""A home as runs leave it, made by hand from a small world: accepted rows, warehouse, ledger, terms and dbt's manifest.

Runs of a day each up to each posted day stand in it, without a process being started. Does not belong here: any expected amount.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from compiled import project
from compiled.project import DATABASE, Project, compiled_project
from compiled.records import Record
from compiled.world import World

from data_contracts.feeds import FEEDS
from data_contracts.terms import Program
from orchestration.acceptance import ensure_empty_part
from orchestration.awards import read_awards
from orchestration.ledger.ledger import Ledger
from orchestration.progress import Progress
from orchestration.settings import Settings
from orchestration.terms_relations import used_versions


@cache
def manifest() -> str:
    """What dbt writes of a build on a warehouse, as text."""
    with tempfile.TemporaryDirectory(prefix="bridged_dbt_") as folder:
        text = json.dumps(project._compile(Path(folder)))
    return text.replace(f'\\"{DATABASE}\\".', '\\"warehouse\\".')


@cache
def deciding() -> Project:
    """The models that decide awards, without tests."""
    return compiled_project().upstream("incentive_awards").without_checks()


def bridged_home(
    folder: Path, records: Iterable[Record], programs: Sequence[Program], posted: Sequence[date]
) -> Settings:
    """A deployment below a folder in which awards were posted as of these days, of which the last is the last processed one."""
    settings = Settings(
        home=folder / "home",
        landing=folder / "landing",
        programs=folder / "programs",
        ledger_url=f"sqlite:///{folder / 'ledger.sqlite'}",
        time_zone="UTC",
        first_day=date(2016, 1, 1),
        serving_group=None,
        finance_group=None,
        memory="1GB",
    )
    world = World(records, programs, project=deciding())
    for part in (settings.home / "dbt", settings.warehouse.parent, settings.programs):
        part.mkdir(parents=True)
    (settings.home / "dbt" / "manifest.json").write_text(manifest(), encoding="utf-8")
    for program in programs:
        text = yaml.safe_dump(_written(program), sort_keys=False)
        (settings.programs / f"{program.program_id}.yaml").write_text(text, encoding="utf-8")
    for day in posted:
        post(world, settings, day)
    _accept(world, settings)
    _keep_warehouse(world, settings)
    Progress("UTC", min(day for _, day in world.deliveries), posted[-1]).save(settings)
    return settings


def _written(program: Program) -> dict[str, Any]:
    """A program as its file has it."""
    terms = program.model_dump()
    for version in terms["versions"]:
        if "partner_types" in version:
            version["partner_types"] = version["partner_types"] or "any"
    return terms


def post(world: World, settings: Settings, day: date) -> None:
    """Posts what the world owes as of a day."""
    world.build(day)
    Ledger.open(settings.ledger_url).post_awards(
        as_of=day,
        awards=read_awards(world.connection),
        inputs_hash=f"inputs of {day}",
        terms_hash="terms",
        used_terms=used_versions(world.connection),
    )


def _accept(world: World, settings: Settings) -> None:
    for feed in FEEDS.values():
        ensure_empty_part(settings, feed)
        if world.rows(f"select 1 from landed.{feed.name} limit 1"):
            world.connection.execute(
                f"copy landed.{feed.name} to '{settings.accepted / feed.name}' "
                "(format parquet, partition_by (landed_on), overwrite_or_ignore)"
            )


def _keep_warehouse(world: World, settings: Settings) -> None:
    world.connection.execute(f"attach '{settings.warehouse}' as kept")
    for schema in ("context", "movements"):
        world.connection.execute(f"create schema kept.{schema}")
    kept = [model.relation for model in deciding().models if model.materialized == "incremental"]
    for relation in ("context.run_window", *(relation.removeprefix(f'"{DATABASE}".') for relation in kept)):
        world.connection.execute(f"create table kept.{relation} as from {DATABASE}.{relation}")
    world.connection.execute("detach kept")
