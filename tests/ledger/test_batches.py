"""A posting in many statements: the same chain whatever the batch, the chain that anybody can recompute, and the
interpreter's search for cycles as it was before."""

from __future__ import annotations

import gc
import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from awards_by_hand import final, ledger_in, post, provisional

from orchestration.errors import RefusedError
from orchestration.ledger import append as append_module
from orchestration.ledger.entries import Entry
from orchestration.ledger.ledger import Ledger

AWARDS = [provisional(number + 1, subject_id=f"é{number:02}") for number in range(12)]
HEAD = "59b0cd79cb4845004f7806d7d85a207d5f585c225fe955dcd6cadfeae7709b3c"
"""The hash after the two postings below, as it was when the ledger was first written: it may never change."""
NO_EIGHT = {
    "sqlite": "CREATE TRIGGER no_eight BEFORE INSERT ON entries WHEN NEW.amount_cents = 8 "
    "BEGIN SELECT RAISE(ABORT, 'no eight'); END",
    "postgresql": 'ALTER TABLE entries ADD CONSTRAINT "no eight" CHECK (amount_cents <> 8)',
}


def post_two_days(ledger: Ledger) -> str:
    post(ledger, "2025-10-02", *AWARDS)
    return post(ledger, "2025-10-03", *AWARDS[:7], final(20, subject_id="é07")).head.hash


@pytest.mark.parametrize("batch", [1, 5, 6, 12, 1000])
def test_the_chain_is_the_same_in_any_number_of_statements(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(append_module, "BATCH", batch)
    assert post_two_days(ledger) == HEAD
    assert ledger.verify([ledger.head()]) == []


def test_a_query_and_sha256_give_the_chain(ledger: Ledger, behind: Callable) -> None:
    post_two_days(ledger)
    text = ""
    with behind(ledger) as raw:
        (*header, posting_hash, _) = raw.execute("SELECT * FROM postings WHERE posting_no = 2").fetchone()
        text += header[-1] + "\n"
        for row in raw.execute("SELECT * FROM entries WHERE posting_no = 2 ORDER BY entry_no"):
            text += "\t".join("" if field is None else str(field) for field in row) + "\n"
        text += "\t".join(map(str, header)) + "\n"
    assert hashlib.sha256(text.encode()).hexdigest() == posting_hash == HEAD


def test_a_row_that_the_store_refuses_takes_its_whole_posting_with_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, behind: Callable
) -> None:
    head = post(ledger, "2025-10-01", provisional(5)).head
    monkeypatch.setattr(append_module, "BATCH", 5)
    with behind(ledger) as raw:
        raw.execute(NO_EIGHT[raw.dialect])
    with pytest.raises(RefusedError, match="the ledger refuses a row and nothing was posted: .*no eight") as caught:
        post(ledger, "2025-10-02", *AWARDS)
    assert "\n" not in str(caught.value)
    assert ledger.head() == head
    assert len(list(ledger.entries())) == 1


@pytest.mark.parametrize("was_on", [True, False])
def test_the_search_for_cycles_is_as_it_was_after_a_posting_and_after_a_refusal(ledger: Ledger, was_on: bool) -> None:
    seen = []

    def award_by_award():
        seen.append(gc.isenabled())
        yield from AWARDS

    try:
        (gc.enable if was_on else gc.disable)()
        post(ledger, "2025-10-02", *AWARDS)
        assert gc.isenabled() == was_on
        assert ledger.check_against(award_by_award()) == []
        with pytest.raises(RefusedError):
            post(ledger, "2025-10-03", *AWARDS, *AWARDS)
        assert gc.isenabled() == was_on
    finally:
        gc.enable()
    assert seen == [False]


def test_a_great_posting_needs_no_more_parameters_than_sqlite_takes(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as raw:
        most = raw.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    assert min(most, 32_766) >= append_module.BATCH * len(Entry._fields)
    awards = [provisional(1, subject_id=f"{number:05}") for number in range(append_module.BATCH + 1)]
    assert post(ledger_in(tmp_path), "2025-10-02", *awards).entry_count == append_module.BATCH + 1
