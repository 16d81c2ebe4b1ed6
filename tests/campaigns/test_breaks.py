"""The list of breaks fits the code: each text that it changes is there, and so is each test that must go red."""

from __future__ import annotations

import ast

from campaigns.mutations import CHECKOUT, read_breaks


def test_every_break_finds_its_text_and_its_tests() -> None:
    breaks = read_breaks()
    named = {tuple(test.split("[")[0].split("::")) for broken in breaks for test in broken.tests}
    assert len(breaks) > 300
    assert {place for place in named if not _stands(*place)} == set()


def _stands(path: str, *names: str) -> bool:
    """Whether there is such a file or folder of tests, and in it a test, or a class with it, of that name."""
    place = CHECKOUT / path
    body = ast.parse(place.read_text(encoding="utf-8")).body if names else []
    for name in names:
        found = [one for one in body if isinstance(one, ast.ClassDef | ast.FunctionDef) and one.name == name]
        if not found:
            return False
        body = found[0].body
    return place.exists()
