"""The repository as a whole: it holds no place of a machine, pins what it installs, and keeps its files small and explained."""

from __future__ import annotations

import ast
import os
import re
import runpy
import subprocess
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
NOT_COMMITTED = {".git", ".venv", "var", "logs", "target", "__pycache__", ".hypothesis"}
MADE = (".egg-info", "_cache")
MACHINE_PATH = re.compile(r"(?<![\w.*-])/(work|root|home/\w+|Users/\w+)/")
REGISTRY = re.compile(r"pypi|(extra-)?index[-]url|artifactory|nexus|pythonhosted", re.IGNORECASE)
LONGEST = 500


@cache
def files() -> tuple[Path, ...]:
    """What the repository holds, committed or about to be."""
    found: list[Path] = []
    for folder, folders, names in os.walk(CHECKOUT):
        folders[:] = [name for name in folders if name not in NOT_COMMITTED and not name.endswith(MADE)]
        found.extend(Path(folder) / name for name in names)
    return tuple(found)


def modules() -> list[Path]:
    return [path for path in files() if path.suffix == ".py"]


def test_no_file_holds_a_path_of_a_machine_or_a_registry() -> None:
    for path in files():
        if path == Path(__file__).resolve():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for pattern in (MACHINE_PATH, REGISTRY):
            found = pattern.search(text)
            assert found is None, f"{path.relative_to(CHECKOUT)}: {found and found[0]}"


def test_what_is_installed_is_pinned_by_version_and_hash() -> None:
    assert not (CHECKOUT / "uv.lock").exists()
    lock = (CHECKOUT / "requirements.lock").read_text()
    assert "://" not in lock
    requirements = [
        line for line in lock.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")
    ]
    for requirement in requirements:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,_-]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", requirement), requirement


def test_every_module_says_what_belongs_in_it() -> None:
    for path in modules():
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path.relative_to(CHECKOUT)


def test_no_module_is_long() -> None:
    for path in modules():
        length = len(path.read_text(encoding="utf-8").splitlines())
        assert length <= LONGEST, f"{path.relative_to(CHECKOUT)} has {length} lines"


def test_every_noun_has_a_name() -> None:
    for path in modules():
        assert path.stem not in ("utils", "util", "helpers", "common", "misc"), path.relative_to(CHECKOUT)


def test_clean_leaves_the_home_that_is_used_where_none_is_named() -> None:
    told = subprocess.run(["make", "-n", "clean"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert "var" not in told.split()
    assert "[ ! -e var/demo/demo.txt ] || rm -rf var/demo" in told.splitlines()


def test_no_test_posts_on_the_ledger_of_a_deployment_that_the_shell_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCENTIVES_LEDGER_URL", "sqlite:////the/ledger")
    runpy.run_path(str(CHECKOUT / "tests" / "conftest.py"))
    assert "INCENTIVES_LEDGER_URL" not in os.environ
