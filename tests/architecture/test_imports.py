"""Who may import whom: what shape (``data_contracts``) knows nothing of when and where, and money is posted without Dagster.

Read from the source alone, imports inside functions included. Does not belong here: what dbt models read (``test_dbt_project``).
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
WITH_DAGSTER = {
    *(f"orchestration.assets.{name}" for name in ("feeds", "ledger", "models", "payouts", "serving")),
    *(
        f"orchestration.{name}"
        for name in ("daily_job", "dbt", "definitions", "partitions", "runs", "event_log", "terminal_log")
    ),
}
"""The modules that wire Dagster; everything else is plain."""
PLAIN = (
    "acceptance",
    "awards",
    "bridge",
    "deliveries",
    "explanation",
    "ingestion",
    "ledger",
    "payout_desk",
    "payout_reports",
    "payouts",
    "programs",
    "publication",
    "readers",
    "reports",
    "statements",
    "verification",
    "warehouse",
    "window",
)
"""What takes in, decides to post, posts, publishes and checks: it runs without Dagster, whatever it imports in turn."""


def module_name(path: Path) -> str:
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path
    for package in ("orchestration", "data_contracts")
    for path in CHECKOUT.glob(f"{package}/**/*.py")
}


@cache
def imports(module: str) -> frozenset[str]:
    """What a module imports, anywhere in it: modules of the project by their full names, others by their packages."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by a relative name"
            found.update(f"{node.module}.{name.name}" for name in node.names)
    return frozenset(_known(name) for name in found)


def _known(name: str) -> str:
    """The module of the project that a name is in, or the package that it comes from."""
    while "." in name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def reached(module: str) -> set[str]:
    """Everything that comes with importing a module."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(imports(name) if name in MODULES else ())
    return found


def test_only_the_wiring_imports_dagster() -> None:
    with_dagster = {module for module in MODULES if imports(module) & {"dagster", "dagster_dbt"}}
    assert with_dagster == WITH_DAGSTER


@pytest.mark.parametrize("name", PLAIN)
def test_plain_modules_run_without_dagster(name: str) -> None:
    modules = [module for module in MODULES if f"{module}.".startswith(f"orchestration.{name}.")]
    assert modules
    for module in modules:
        assert not reached(module) & {"dagster", "dagster_dbt", "dbt"}, module


def test_contracts_know_neither_the_pipeline_nor_an_engine() -> None:
    for module in MODULES:
        if module.startswith("data_contracts"):
            packages = {name.partition(".")[0] for name in reached(module)}
            assert not packages & {"dagster", "dagster_dbt", "dbt", "duckdb", "orchestration", "sqlalchemy"}, module


def test_no_module_of_the_project_imports_tests() -> None:
    for module in MODULES:
        assert "tests" not in {name.partition(".")[0] for name in imports(module)}, module
