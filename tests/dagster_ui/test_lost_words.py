"""A run in which a word of dbt's gets lost on its way here: it ends red, since what follows the lost model was left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from code_location import CodeLocation, refusal
from dagster_dbt import DbtCliInvocation

LOST = "market_monthly"


def test_a_model_of_which_dbt_tells_nothing_ends_the_run_red(
    location: CodeLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = DbtCliInvocation._stream_stdout

    def garbled(invocation: DbtCliInvocation) -> Iterator[str | dict[str, Any]]:
        for event in told(invocation):
            lost = isinstance(event, dict) and event["data"].get("node_info", {}).get("node_name") == LOST
            yield str(event) if lost else event

    monkeypatch.setattr(DbtCliInvocation, "_stream_stdout", garbled)
    state = location.settings.state.read_bytes()
    result = location.run_day("2025-10-03")
    assert f"dbt told nothing of {LOST}, so nothing was posted or published: run it again" in refusal(result)
    assert location.settings.state.read_bytes() == state
