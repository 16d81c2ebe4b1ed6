"""The dbt project keeps the house: which layer reads what, what each model must say of itself, and which words engines differ in.

Read from the manifest and the source. Does not belong here: any figure (``tests/scenarios``, ``tests/properties``).
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from portability.rendering import NEUTRAL, macros

from data_contracts import staging
from data_contracts.feeds import FEEDS
from data_contracts.public_marts import AS_KNOWN, PUBLIC_MARTS
from data_contracts.terms.figures import LADDER
from orchestration import dbt, reports
from orchestration.settings import Settings

LAYERS = {"staging": 0, "movements": 1, "subjects": 1, "marts": 2, "awards": 3}
LINE_FEEDS = {"stg_order_lines", "stg_refunds", "stg_attributions"}
"""What the millions of lines stand in: read once into movements and subject facts."""
READ_BY_AWARDS = {
    "affiliate_service": {"gmv_daily_movements", "assignment_periods", "stg_partners"},
    "creator_incubation": {"assignment_periods", "stg_partners"},
    "creator_matching_challenge": {
        *("gmv_daily_movements", "partner_gmv_daily_movements", "stg_partner_ranks", "stg_partners"),
    },
    "incremental_daily_gmv": {"gmv_daily_movements", "partner_gmv_daily_movements", "stg_partners"},
    "rank_upgrade": {"stg_partner_ranks", "stg_partners"},
    "short_video_growth": {"stg_partners"},
}
"""What award models read besides marts, subject facts and terms: cubes as known on past days, and registers."""
TABLE_FUNCTIONS = {"lines_as_known"}
NO_GRAIN = {"line_movements", *TABLE_FUNCTIONS}
"""Movements of a line may cancel or repeat; they are summed, never looked up."""
INEXACT = re.compile(r"\b(double|float\d*|real)\b", re.IGNORECASE)
ENGINES_DIFFER = re.compile(r"\b(qualify|exclude|merge|asof)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The project as dbt parses it."""
    home = tmp_path_factory.mktemp("parsed")
    settings = Settings(home, home / "landing", home / "programs", "sqlite://", "UTC", date(2025, 9, 1), None, None)
    return dbt.manifest(settings)


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}


def layer(model: dict[str, Any]) -> str:
    return str(model["fqn"][1])


def parents(node: dict[str, Any]) -> set[str]:
    """The models that a node reads."""
    return {name.split(".")[-1] for name in node["depends_on"]["nodes"] if name.startswith("model.")}


def sources() -> list[Path]:
    return sorted((dbt.PROJECT / "models").rglob("*.sql")) + sorted((dbt.PROJECT / "tests").rglob("*.sql"))


def spoken(path: Path) -> str:
    """The SQL and Jinja of a file without comments and quoted text."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"--[^\n]*", "", text)
    return re.sub(r"'[^'\n]*'", "''", text)


# What reads what


def test_layers_read_upstream_only(models: dict[str, dict[str, Any]]) -> None:
    for name, model in models.items():
        for parent in parents(model):
            assert LAYERS[layer(models[parent])] <= LAYERS[layer(model)], f"{name} reads {parent}"


def test_only_movements_and_subject_facts_read_order_lines(models: dict[str, dict[str, Any]]) -> None:
    readers = {name for name, model in models.items() if parents(model) & LINE_FEEDS}
    assert {layer(models[name]) for name in readers} == {"movements", "subjects"}


def test_the_rows_of_a_runs_own_days_are_read_by_movements_alone(models: dict[str, dict[str, Any]]) -> None:
    for name, model in models.items():
        schemas = {source.split(".")[2] for source in model["depends_on"]["nodes"] if source.startswith("source.")}
        assert layer(model) == "movements" or not schemas & {"delivered", "known_before"}, name
        assert layer(model) == "staging" or "accepted" not in schemas, name


def test_awards_read_marts_subject_facts_and_terms(models: dict[str, dict[str, Any]]) -> None:
    for name, model in models.items():
        if layer(model) == "awards":
            beside = {parent for parent in parents(model) if layer(models[parent]) in ("movements", "staging")}
            assert beside == READ_BY_AWARDS.get(name, set()), name
            sources_read = {
                source.split(".")[2] for source in model["depends_on"]["nodes"] if source.startswith("source.")
            }
            assert sources_read <= {"terms", "context"}, name


def test_the_union_of_awards_reads_award_models_alone(models: dict[str, dict[str, Any]]) -> None:
    kinds = {name for name, model in models.items() if layer(model) == "awards"} - {
        "award_candidates",
        "incentive_awards",
    }
    assert parents(models["award_candidates"]) == kinds
    assert parents(models["incentive_awards"]) == {"award_candidates"}


# What a model says of itself


def test_every_model_and_column_is_described(models: dict[str, dict[str, Any]]) -> None:
    for name, model in models.items():
        assert model["description"], name
        assert model["columns"] or name in TABLE_FUNCTIONS, name
        for column in model["columns"].values():
            assert column["description"], f"{name}.{column['name']}"


def test_every_model_has_an_enforced_contract(models: dict[str, dict[str, Any]]) -> None:
    without = {name for name, model in models.items() if not model["config"]["contract"]["enforced"]}
    assert without == TABLE_FUNCTIONS


def test_every_model_has_its_grain_tested(manifest: dict[str, Any], models: dict[str, dict[str, Any]]) -> None:
    tested = {
        node["attached_node"].split(".")[-1]
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") == "grain"
    }
    assert models.keys() - tested == NO_GRAIN


def test_movements_survive_a_full_refresh(models: dict[str, dict[str, Any]]) -> None:
    for name, model in models.items():
        if model["config"]["materialized"] == "incremental":
            assert model["config"]["full_refresh"] is False, name


def test_no_amount_is_inexact(models: dict[str, dict[str, Any]]) -> None:
    for name, model in models.items():
        for column in model["columns"].values():
            assert not INEXACT.search(column["data_type"]), f"{name}.{column['name']}"
            assert not column["name"].endswith("_cents") or column["data_type"] == "bigint", f"{name}.{column['name']}"
    for feed in FEEDS.values():
        assert not any(INEXACT.search(column.sql_type) for column in feed.columns), feed.name
    for path in [*sources(), *(dbt.PROJECT / "macros").glob("*.sql")]:
        assert not INEXACT.search(spoken(path)), path.name


# Words


def test_models_speak_what_every_engine_understands() -> None:
    for path in sources():
        assert not ENGINES_DIFFER.search(spoken(path)), path.name
        assert "//" not in spoken(path), f"{path.name}: division of money is a macro"
    for path in (dbt.PROJECT / "macros").glob("*.sql"):
        assert not ENGINES_DIFFER.search(spoken(path)), path.name
        assert "//" not in spoken(path) or path.name == "money.sql", path.name


# What is derived, and what is served


def test_staging_is_what_the_column_lists_derive(tmp_path: Path) -> None:
    (tmp_path / "macros").mkdir()
    staging.write(tmp_path)
    derived = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    committed = [*(dbt.PROJECT / "models" / "staging").iterdir(), dbt.PROJECT / "macros" / "feeds.sql"]
    assert derived == {path.relative_to(dbt.PROJECT): path.read_text() for path in committed}


def test_ranks_stand_in_one_ladder() -> None:
    (rank_code,) = [column for column in FEEDS["partner_ranks"].columns if column.name == "rank_code"]
    assert rank_code.values == LADDER
    levels = list(enumerate(LADDER, start=1))
    codes = " ".join(f"when '{rank}' then {level}" for level, rank in levels)
    ranks = " ".join(f"when {level} then '{rank}'" for level, rank in levels)
    said = macros(NEUTRAL)
    assert said["rank_level"]("a") == f"case a {codes} end"
    assert said["rank_of"]("a") == f"case a {ranks} end"


def test_every_public_mart_is_a_relation_with_its_grain(models: dict[str, dict[str, Any]]) -> None:
    loaded = ("ledger_entries", "ledger_balances", "payouts", "payout_lines", "unpaid_balances")
    made = (
        reports.REFERRAL_REWARD_LEDGER,
        reports.PARTNER_INCENTIVE_PAYOUTS,
        reports.TRIAL_BALANCE,
        reports.LIABILITY_AGEING,
    )
    for mart in PUBLIC_MARTS:
        schema, _, relation = mart.relation.partition(".")
        if schema == "ledger":
            assert relation in loaded or any(f"table {mart.relation} as" in sql for sql in made), mart.name
            continue
        assert models[relation]["config"]["schema"] == schema, mart.name
        assert set(mart.order_by) <= models[relation]["columns"].keys(), mart.name
    for macro in AS_KNOWN:
        assert {"known_on", *macro.keys} <= models[macro.movements]["columns"].keys(), macro.name
