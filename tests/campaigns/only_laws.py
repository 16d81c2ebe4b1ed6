"""A plugin of pytest for a round of the laws (``laws``): leaves every other test out, and counts what was tried.

LAWS_SHARE is `1/2` for the first of two processes that share the laws of a round; after LAWS_UNTIL, in seconds since 1970, no
further law begins.
"""

from __future__ import annotations

import os
import re
import time

import pytest
from hypothesis import is_hypothesis_test

TRIED = re.compile(r"(\d+) passing, (\d+) failing")
tried: dict[str, int] = {}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The share of this process, of what is a law."""
    number, processes = map(int, os.environ["LAWS_SHARE"].split("/"))
    laws = [item for item in items if is_hypothesis_test(getattr(item, "obj", None))]
    kept = laws[number - 1 :: processes]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def pytest_runtest_setup(item: pytest.Item) -> None:
    if time.time() > float(os.environ["LAWS_UNTIL"]):
        pytest.skip("the time is over")


def pytest_runtest_teardown(item: pytest.Item) -> None:
    if found := TRIED.search(getattr(item, "hypothesis_statistics", "")):
        tried[item.nodeid] = int(found[1]) + int(found[2])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"{len(tried)} laws, {sum(tried.values())} examples")
