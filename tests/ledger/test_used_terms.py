"""The terms versions that awards have used: who edits them behind the ledger's back, with the file, is found and named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from awards_by_hand import ledger_in, provisional

from orchestration.ledger.ledger import Ledger

ONE, TWO, OTHER = ("program", 1), ("program", 2), ("other", 1)


def post(ledger: Ledger, day: int, cents: int, **used: str) -> bool:
    """Post one award as of a day of October, with the hashes of the versions used: one, two and other."""
    names = {"one": ONE, "two": TWO, "other": OTHER}
    hashes = {names[name]: terms_hash for name, terms_hash in used.items()}
    return ledger.post_awards(date(2025, 10, day), [provisional(cents)], "inputs", f"terms of {day}", hashes).posted


@pytest.mark.parametrize(
    ("statement", "postings"),
    [
        ("UPDATE used_terms SET terms_hash = 'b' WHERE version_no = 2", [3]),
        ("UPDATE used_terms SET terms_hash = 'b' WHERE program_id = 'program' AND version_no = 1", [1, 2, 3]),
        ("UPDATE used_terms SET version_no = 3 WHERE version_no = 2", [3]),
        ("UPDATE used_terms SET first_as_of = '2025-10-03' WHERE version_no = 2", [2]),
        ("UPDATE used_terms SET first_as_of = '2025-12-31' WHERE program_id = 'other'", [1, 2, 3]),
        ("DELETE FROM used_terms WHERE version_no = 2", [3]),
        ("DELETE FROM used_terms", [1, 2, 3]),
        ("INSERT INTO used_terms VALUES ('program', 3, 'c', '2025-10-02')", [1, 2, 3]),
    ],
)
def test_used_terms_that_were_changed_are_named(
    ledger: Ledger, unguarded: Callable, statement: str, postings: list[int]
) -> None:
    post(ledger, 2, 5, one="1", other="o")
    post(ledger, 3, 6, one="1")
    post(ledger, 4, 6, two="2")  # Nothing to post, and version 2 was used all the same.
    post(ledger, 5, 7, two="2", other="o")
    head = ledger.head()
    assert ledger.verify([head]) == [] and head.posting_no == 3
    with unguarded(ledger) as raw:
        raw.execute(statement)
    found = ledger.verify([head])
    assert [int(sentence.split()[1]) for sentence in found] == postings
    assert all("rests on other terms versions than stand in used_terms now" in sentence for sentence in found)


def test_postings_of_an_earlier_version_said_nothing_of_it_and_the_next_one_does(
    ledger: Ledger, unguarded: Callable
) -> None:
    post(ledger, 2, 5)
    with unguarded(ledger) as raw:  # As that version left it.
        raw.execute("INSERT INTO used_terms VALUES ('program', 1, '1', '2025-10-02')")
    assert ledger.verify() == []
    assert post(ledger, 3, 6, one="1", two="2") and ledger.verify() == []
    with unguarded(ledger) as raw:
        raw.execute("UPDATE used_terms SET terms_hash = 'b' WHERE version_no = 1")
    (found,) = ledger.verify()
    assert found.startswith("posting 2 (AWARDS of 2025-10-03) rests on other terms versions")


def test_a_day_without_a_posting_may_lie_after_the_next_one_with_one(ledger: Ledger) -> None:
    post(ledger, 2, 5, one="1")
    assert not post(ledger, 9, 5, one="1", two="2")
    assert post(ledger, 4, 6, one="1", other="o") and ledger.verify() == []
    assert post(ledger, 10, 7, two="2") and ledger.verify() == []


def test_days_that_post_nothing_change_no_posting(tmp_path: Path) -> None:
    asked, never_asked = ledger_in(tmp_path / "asked"), ledger_in(tmp_path / "never")
    for ledger in (asked, never_asked):
        post(ledger, 2, 5, one="1")
    assert not post(asked, 3, 5, one="1", two="2")
    for ledger in (asked, never_asked):
        post(ledger, 4, 6, two="2")
        assert ledger.verify() == []
    assert asked.head() == never_asked.head()
