"""The dbt project, compiled once a test session: its models in dependency order and its tests, as plain SQL.

Belongs here: asking dbt for the SQL. Does not belong here: running it (``world``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
DBT = Path(sys.executable).with_name("dbt")
# An in-memory DuckDB is named so; dbt takes the name of the database from that of the file.
DATABASE = "memory"


@dataclass(frozen=True)
class Model:
    """One model: the statements that make its relation, and the one that fills it from what a run's window says.

    ``replaces`` is the condition on the rows that a run takes away before, as the incremental strategies of the project do.
    """

    name: str
    relation: str
    materialized: str
    create: str
    fill: str
    replaces: str
    parents: frozenset[str]

    @property
    def is_standing(self) -> bool:
        """Made once and good for every window: a view or a table function over what changes."""
        return self.materialized in ("view", "table_function")


@dataclass(frozen=True)
class Check:
    """One dbt test: rows that it selects are failures."""

    name: str
    sql: str
    models: frozenset[str]


@dataclass(frozen=True)
class Project:
    """Models in dependency order, and every test with the models that it reads."""

    models: tuple[Model, ...]
    checks: tuple[Check, ...]

    def upstream(self, *names: str) -> Project:
        """The part that makes the named models: they, what they read, and the tests that read nothing else."""
        by_name = {model.name: model for model in self.models}
        wanted, open_names = set(), list(names)
        while open_names:
            name = open_names.pop()
            if name not in wanted:
                wanted.add(name)
                open_names.extend(by_name[name].parents)
        return Project(
            tuple(model for model in self.models if model.name in wanted),
            tuple(check for check in self.checks if check.models <= wanted),
        )

    def without_checks(self) -> Project:
        """The same models alone, for those who build a world twice and look at it themselves."""
        return replace(self, checks=())


@cache
def compiled_project() -> Project:
    """The whole project; AssertionError with dbt's own words where it does not compile."""
    with tempfile.TemporaryDirectory(prefix="compiled_dbt_") as folder:
        manifest = _compile(Path(folder))
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "test")}
    order = TopologicalSorter({key: set(node["depends_on"]["nodes"]) & set(nodes) for key, node in nodes.items()})
    sorted_nodes = [nodes[key] for key in order.static_order()]
    return Project(
        tuple(_model(node, nodes) for node in sorted_nodes if node["resource_type"] == "model"),
        tuple(_check(node, nodes) for node in sorted_nodes if node["resource_type"] == "test"),
    )


def _compile(folder: Path) -> dict[str, Any]:
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(folder / "target")]
    environment = os.environ | {
        "INCENTIVES_WAREHOUSE": str(folder / f"{DATABASE}.duckdb"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    command = [str(DBT), "compile", "--quiet", *places]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"dbt compile failed: {done.stdout}{done.stderr}"
    return json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))


def _names(node: dict[str, Any], nodes: dict[str, Any]) -> frozenset[str]:
    return frozenset(nodes[key]["name"] for key in node["depends_on"]["nodes"] if key in nodes)


def _model(node: dict[str, Any], nodes: dict[str, Any]) -> Model:
    """The statements as dbt's materialisations write them; columns go by name, with the types of the contract."""
    relation, sql, materialized = node["relation_name"], node["compiled_code"], node["config"]["materialized"]
    columns = ", ".join(f'"{name}" {column["data_type"]}' for name, column in node["columns"].items())
    create, replaces = f"create table {relation} ({columns})", "true"
    fill = f"insert into {relation} by name {sql}"
    if materialized == "view":
        create, fill = f"create view {relation} as {sql}", ""
    elif materialized == "table_function":
        create = f"create function {relation}({', '.join(node['config']['parameters'])}) as table ({sql})"
        fill = ""
    elif materialized == "incremental":
        replaces = _replaces(node["config"], {other["name"]: other["relation_name"] for other in nodes.values()})
    return Model(node["name"], relation, materialized, create, fill, replaces, _names(node, nodes))


def _replaces(config: dict[str, Any], relations: dict[str, str]) -> str:
    """What a run takes away of a relation that is kept; of a mart all where it does not continue."""
    of_window = "known_on > (select known_from from context.run_window)"
    if config["incremental_strategy"] == "replace_window":
        return of_window
    assert config["incremental_strategy"] == "replace_touched", config
    keys = ", ".join(config["unique_key"])
    touched = f"select {keys} from {relations[config['meta']['touched']]} where {of_window}"
    return f"(select not continues from context.run_window) or ({keys}) in ({touched})"


def _check(node: dict[str, Any], nodes: dict[str, Any]) -> Check:
    return Check(node["name"], node["compiled_code"], _names(node, nodes))
