"""The staging models of dbt, derived from the feeds' column lists: one view a feed, with its documentation.

Run as ``python -m data_contracts.staging dbt_project``; a test compares what stands there with what this
writes. Does not belong here: any rule; staging only names columns and types.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from data_contracts.columns import Column, Kind
from data_contracts.feeds import FEEDS, Feed

_HEADER = "-- Derived from data_contracts/feeds.py by `make staging`; edit the column list there.\n"
_SOURCES = {
    "accepted": "Accepted rows up to the run's end: immutable Parquet, one part a delivery day.",
    "delivered": "Accepted rows of the run's own days: what it adds, found without a look at history.",
    "known_before": "Accepted rows of the days before the run's own; none where it begins with the first delivery.",
}
_LINE_LENGTH = 120  # as the SQL formatter wraps
_LANDED_ON = {"name": "landed_on", "data_type": "date", "description": "the day on which the platform handed it over"}


def model_sql(feed: Feed) -> str:
    """The staging view of a feed: its columns and landed_on, one row an accepted version."""
    names = [*(column.accepted_name for column in feed.columns), "landed_on", *feed.keys.values()]
    source = f"from {{{{ source('accepted', '{feed.name}') }}}}"
    one_line = f"select {', '.join(names)} {source}"
    if len(one_line) <= _LINE_LENGTH:
        return f"{_HEADER}{one_line}\n"
    selected = f"select {', '.join(names)}"
    if len(selected) > _LINE_LENGTH:
        listed = ", ".join(names)
        selected = "select\n    " + (listed if len(listed) + 4 <= _LINE_LENGTH else ",\n    ".join(names))
    return f"{_HEADER}{selected}\n{source}\n"


def models_yaml() -> str:
    """Descriptions, types and grain of all staging views."""
    models = []
    for feed in FEEDS.values():
        models.append(
            {
                "name": f"stg_{feed.name}",
                "description": feed.description,
                "data_tests": [_grain(feed)],
                "columns": [_described(column) for column in feed.columns] + [dict(_LANDED_ON), *_keys(feed)],
            }
        )
    return _yaml({"version": 2, "models": models})


def sources_yaml() -> str:
    """The accepted rows as dbt sources, one relation a feed, all of them and those of a run's window."""
    sources = []
    for name, description in _SOURCES.items():
        tables = [
            {"name": feed.name, "description": feed.description, "meta": {"dagster": {"asset_key": [feed.name]}}}
            for feed in FEEDS.values()
        ]
        sources.append({"name": name, "description": description, "tables": tables})
    return _yaml({"version": 2, "sources": sources})


def feeds_macro() -> str:
    """The names of all feeds as a macro, for tests that look at each."""
    names = ", ".join(f"'{name}'" for name in FEEDS)
    return f"{_HEADER}{{% macro feeds() -%}}\n    {{{{ return([{names}]) }}}}\n{{%- endmacro %}}\n"


def write(project: Path) -> None:
    """Writes the views, their documentation, the sources and the list of feeds into the dbt project."""
    folder = project / "models" / "staging"
    folder.mkdir(parents=True, exist_ok=True)
    (project / "macros" / "feeds.sql").write_text(feeds_macro())
    for feed in FEEDS.values():
        (folder / f"stg_{feed.name}.sql").write_text(model_sql(feed))
    (folder / "_staging.yml").write_text(models_yaml())
    (folder / "_accepted.yml").write_text(sources_yaml())


def _grain(feed: Feed) -> dict[str, object]:
    """One row a key and delivery; looked at for the days that a run adds, since earlier ones are closed.

    By the 64-bit key where the feed has one: rows of one id have one key.
    """
    columns = [feed.keys.get(name, name) for name in feed.key]
    return {
        "grain": {
            "name": f"stg_{feed.name}_grain",
            "arguments": {"columns": [*columns, "landed_on"]},
            "config": {"where": "landed_on > (select known_from from context.run_window)", "tags": ["money"]},
        }
    }


def _keys(feed: Feed) -> list[dict[str, object]]:
    return [
        {"name": key, "data_type": "bigint", "description": f"stands for {name} in joins (data_contracts/keys.py)"}
        for name, key in feed.keys.items()
    ]


def _described(column: Column) -> dict[str, object]:
    unit = {Kind.MONEY: " (cents)", Kind.TIME: " (UTC)"}.get(column.kind, "")
    return {
        "name": column.accepted_name,
        "data_type": column.sql_type,
        "description": column.description + unit,
    }


def _yaml(content: dict[str, object]) -> str:
    return _HEADER.replace("--", "#", 1) + yaml.safe_dump(content, sort_keys=False, width=120)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
