"""Models, dbt tests and macros are fit for Spark: a static promise, so that scaling out later is a switch.

The SQL that dbt compiles for DuckDB can be said in Spark's words; what dbt would render for Spark is Spark's; and outside of
the macros that engines say differently, no word means two things. Does not belong here: running any of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest
import yaml
from compiled.project import PROJECT, compiled_project
from sqlglot.errors import ParseError, UnsupportedError

from data_contracts.columns import SQL_TYPES
from data_contracts.terms import RELATIONS
from portability.constructs import ALIKE, CONSTRUCTS, DAY, DIALECT, SPARKS_OWN, Construct, functions, words
from portability.readings import is_read_alike, on_spark, read
from portability.rendering import MACROS, NEUTRAL, SPARK, dispatched, macros, rendered

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "days_from": ("a", "b"),
    "each_date": ("a", "b", "month"),
    "each_word": ("a",),
    "evidence": ({"first": "a", "second": "b"},),
    "floor_divide": ("a", "b"),
    "listed": ("a", "b"),
    "microseconds": ("a",),
    "month_of": ("a",),
    "plus_days": ("a", "1"),
    "plus_months": ("a", "1"),
    "plus_seconds": ("a", "b * 60"),
    "running_draw": ("a", "b", "c", "d"),
    "session_time_zone": (),
    "wide": ("a",),
}
"""An example of each macro that engines say differently."""
READ_OTHERWISE = {
    "a name in double quotes is a text": 'select "column" from t',
    "two quotes end a text and begin another": "select 'the shop''s' as a",
    "a backslash escapes": r"select '\s' as a",
    "no division by two strokes": "select a // b as c from t",
    "lists count from zero": "select a[1] as b from t",
    "no tilde for patterns": "select a ~ 'x' as b from t",
    "another name of a function": "select list(a) as b from t",
    "nulls of any value": "select any_value(a) as b from t",
    "cube is a word": "select cube, sum(a) as a from t group by cube, b",
}


def compiled() -> dict[str, str]:
    """Every model and test as dbt compiles it for DuckDB, without the statement that makes or fills the relation."""
    project = compiled_project()
    queries = {check.name: check.sql for check in project.checks}
    for model in project.models:
        if model.fill:
            queries[model.name] = model.fill.removeprefix(f"insert into {model.relation} by name ")
        else:
            queries[model.name] = re.sub(r"\Acreate .+? as (table (?=\())?", "", model.create)
    return queries


def none_of(troubles: Iterable[str]) -> None:
    """Fails with all of them, a line each."""
    found = list(troubles)
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def unreadable(sql: str, grammar: str) -> str | None:
    """Where the grammar stops understanding."""
    try:
        read(sql, grammar)
    except ParseError as trouble:
        place = trouble.errors[0]
        return f"line {place['line']}, {place['start_context'][-30:]!r} before {place['highlight']!r}"
    return None


# What is compiled for DuckDB


def test_what_dbt_compiles_can_be_said_on_spark() -> None:
    def troubles() -> Iterable[str]:
        for name, sql in compiled().items():
            try:
                read(on_spark(read(sql, "duckdb")), "spark")
            except (ParseError, UnsupportedError) as trouble:
                yield f"{name} cannot be said on Spark: {trouble}; {DIALECT}"

    none_of(troubles())


# What Spark would get


def test_spark_understands_what_it_would_get() -> None:
    places = {name: unreadable(sql, "spark") for name, sql in rendered(SPARK).items()}
    none_of(f"{name} is no Spark SQL: {place}; {DIALECT}" for name, place in places.items() if place)


def test_spark_has_every_function_that_it_would_be_asked_for() -> None:
    unknown = {name: set(functions(sql)) - ALIKE - SPARKS_OWN for name, sql in rendered(SPARK).items()}
    none_of(
        f"{name}: {call}() is no function of Spark; {DIALECT}" for name in unknown for call in sorted(unknown[name])
    )


# What stands outside of the macros that engines say differently


def test_functions_of_models_mean_the_same_to_both_engines() -> None:
    other = {name: set(functions(sql)) - ALIKE - dispatched() for name, sql in rendered(NEUTRAL).items()}
    none_of(f"{name}: {call}() may differ between engines; {DIALECT}" for name in other for call in sorted(other[name]))


def test_models_are_read_alike_by_both_engines() -> None:
    def troubles() -> Iterable[str]:
        for name, sql in rendered(NEUTRAL).items():
            stops = unreadable(sql, "duckdb") or unreadable(sql, "spark")
            if stops:
                yield f"{name} is not SQL of both engines: {stops}; {DIALECT}"
            elif not is_read_alike(sql):
                yield f"{name} means one thing to DuckDB and another to Spark; {DIALECT}"

    none_of(troubles())


def test_models_say_nothing_that_spark_lacks() -> None:
    none_of(
        f"{name} says {construct.name!r}; {construct.cure}"
        for name, sql in rendered(NEUTRAL).items()
        for construct in CONSTRUCTS
        if not unreadable(sql, construct.read) and construct.found(read(sql, construct.read))
    )


def test_text_is_called_string() -> None:
    assert "varchar" in words("select cast(a as varchar) as a from t")
    texts = [(name, sql) for engine in (NEUTRAL, SPARK) for name, sql in rendered(engine).items()]
    none_of(
        f"{name} says varchar, which has a length on Spark; say string"
        for name, sql in texts
        if "varchar" in words(sql)
    )


def test_days_and_moments_are_told_by_their_names() -> None:
    kinds = {kind for kind in SQL_TYPES.values() if kind.startswith(("date", "timestamp"))}
    columns = [(relation, *column) for relation, types in RELATIONS.items() for column in types.items()]
    for path in sorted((PROJECT / "models").glob("*/_*.yml")):
        for model in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader).get("models", ()):
            columns += [(model["name"], each["name"], each["data_type"]) for each in model.get("columns", ())]
    none_of(
        f"{relation}.{name} is a {kind}, which its name does not say"
        for relation, name, kind in columns
        if kind in kinds and not DAY.search(name)
    )


# The macros


def test_only_dialect_and_money_know_engines() -> None:
    for path in MACROS:
        speaks = "adapter.dispatch" in path.read_text(encoding="utf-8")
        assert not speaks or path.name in ("dialect.sql", "money.sql"), path.name


def test_every_macro_that_engines_say_differently_has_an_example() -> None:
    assert ARGUMENTS.keys() == dispatched()


@pytest.mark.parametrize("macro", sorted(ARGUMENTS))
def test_each_macro_speaks_spark(macro: str) -> None:
    known = macros(SPARK)
    assert f"default__{macro}" in known, f"{macro} has nothing to say on DuckDB"
    assert f"spark__{macro}" in known, f"{macro} has nothing to say on Spark"
    sql = f"select {known[macro](*ARGUMENTS[macro])} as answer from t"
    read(sql, "spark")
    read(f"select {known[f'default__{macro}'](*ARGUMENTS[macro])} as answer from t", "duckdb")
    assert set(functions(sql)) <= ALIKE | SPARKS_OWN, sql


# The nets have no holes


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda construct: construct.name)
def test_each_construct_is_found(construct: Construct) -> None:
    for example in construct.examples:
        assert construct.found(read(example, construct.read)), example


@pytest.mark.parametrize("sql", READ_OTHERWISE.values(), ids=READ_OTHERWISE)
def test_what_is_read_otherwise_is_found(sql: str) -> None:
    with suppress(ParseError):
        assert not is_read_alike(sql)


@pytest.mark.parametrize(
    "call", ["timezone('UTC', a)", "current_setting('TimeZone')", "list_filter(a, b)", "json_object('a', a)"]
)
def test_a_function_of_one_engine_is_found(call: str) -> None:
    assert set(functions(f"select {call} as b from t where a in (select c from u)")) - ALIKE - SPARKS_OWN
