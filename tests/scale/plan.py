"""The rows that go through one step of a run, counted in the plan that DuckDB ran it by.

Looking up a key means reading past all keys of history; that alone may grow with history. So what comes out of a scan of history
does not count until a join or a filter has chosen from it; whatever any other operator takes in or gives does.
Does not belong here: which steps are looked at, and how many rows they may see (``test_rows_of_a_day``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

Node = dict[str, Any]
JOINS = ("HASH_JOIN", "PIECEWISE_MERGE_JOIN", "NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN", "IE_JOIN")


def rows_of_step(connection: duckdb.DuckDBPyConnection, sql: str, history: frozenset[str]) -> int:
    """Runs a statement and adds up the rows of its operators, other than those that look up keys in ``history``.

    history: relations as ``schema.name``.
    """
    # What a scan knows of the least and greatest key on the other side of its join makes its rows a matter of luck.
    connection.execute("set disabled_optimizers = 'join_filter_pushdown,statistics_propagation'")
    found = connection.execute(f"explain (analyze, format json) {sql}").fetchall()
    (root,) = json.loads(found[0][1])["children"]
    return sum(_rows(node, history) for node in _operators(root))


def _operators(node: Node) -> Iterator[Node]:
    yield node
    for child in node["children"]:
        yield from _operators(child)


def _rows(node: Node, history: frozenset[str]) -> int:
    """What an operator gives, and what it takes straight from history where it does not choose from it."""
    if _looks_up(node, history):
        return 0
    chooses = node["operator_name"].strip() in ("FILTER", *JOINS)
    straight = (child for child in node["children"] if not chooses and _looks_up(child, history))
    return int(node["operator_cardinality"]) + sum(int(child["operator_cardinality"]) for child in straight)


def _looks_up(node: Node, history: frozenset[str]) -> bool:
    """Whether rows of history pass here of which nothing was chosen yet: a mark, or the run's window beside each row, only says
    which ones the filter above takes.
    """
    name, told = node["operator_name"].strip(), node["extra_info"]
    if name in ("TABLE_SCAN", "SEQ_SCAN"):
        return ".".join(str(told["Table"]).split(".")[-2:]) in history
    if name == "CROSS_PRODUCT":
        return any(_looks_up(child, history) for child in node["children"])
    if name == "PROJECTION" or (name in JOINS and told.get("Join Type") == "MARK"):
        return _looks_up(node["children"][0], history)
    return False
