"""A version that is served is whole and on the disk: its parts, what stands in them, the ledger's head, and the small file last.

Does not belong here: what is written and shared (``test_mart_parts``).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import test_mart_parts
from disk import LINKED, SYNCED, Step, is_kept, named_in_order, synced_between, watched
from test_mart_parts import BALANCES, BY_DATE, HEAD, MOVEMENTS, Shop

from orchestration import publication

shop = test_mart_parts.shop


def finance(shop: Shop, version: int) -> Path:
    return shop.folder(BALANCES, version).parent


def test_a_version_is_on_the_disk_before_it_is_served(shop: Shop) -> None:
    before = os.umask(0)
    try:
        with watched() as steps:
            shop.publish()
    finally:
        os.umask(before)
    parts = {path for mart in (BY_DATE, MOVEMENTS, BALANCES) for path in shop.folder(mart, 1).iterdir()}
    contents, state, head = (finance(shop, 1) / name for name in ("parts.json", "state.json", "ledger_head.json"))
    served = shop.settings.serving / "marts.duckdb"
    named = named_in_order(steps)
    assert set(named[:-4]) == parts and named[-4:] == [contents, state, head, served]
    for path in named:
        assert is_kept(steps, path), path
    for folder in (shop.folder(BY_DATE, 1).parent, shop.folder(BY_DATE, 1).parent.parent, finance(shop, 1).parent):
        assert synced_between(steps, folder, named[-5], head), folder
    modes = {contents: 0o600, state: 0o600, head: 0o600, served: 0o644}
    assert {path: stat.S_IMODE(path.stat().st_mode) for path in modes} == modes


def test_shared_parts_are_on_the_disk_under_their_new_names_too(shop: Shop) -> None:
    shop.publish()
    with watched() as steps:
        assert shop.publish("2025-11-11").written == 0
    for mart in (BY_DATE, MOVEMENTS, BALANCES):
        folder = shop.folder(mart, 2)
        linked = max(place for place, step in enumerate(steps) if step.verb == LINKED and step.path.parent == folder)
        assert Step(SYNCED, folder) in steps[linked:], mart.name


def test_a_version_without_the_ledgers_head_was_never_published(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(path: Path, text: str) -> None:
        if path.name == "ledger_head.json":
            raise KeyboardInterrupt
        whole(path, text)

    shop.publish()
    whole = publication.write_text
    with monkeypatch.context() as patched:
        patched.setattr(publication, "write_text", write)
        with pytest.raises(KeyboardInterrupt):
            shop.publish("2025-11-11")
    assert (finance(shop, 2) / "parts.json").exists()
    assert publication.published_head(shop.settings) == HEAD
    assert shop.publish("2025-11-11").number == 2
