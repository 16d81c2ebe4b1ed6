"""Several processes, and processes that die: the same ledger byte for byte, or nothing of the posting."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from awards_by_hand import ledger_in, post, provisional

from orchestration.errors import BusyError
from orchestration.ledger import append as append_module
from orchestration.ledger import chain
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.store import writing

FORK = multiprocessing.get_context("fork")
AWARDS = [provisional(number + 1, subject_id=f"{number:04}") for number in range(1000)]


def in_process(target: object, *args: object) -> multiprocessing.Process:
    process = FORK.Process(target=target, args=args)
    process.start()
    return process


def url_of(ledger: Ledger) -> str:
    return ledger._engine.url.render_as_string(hide_password=False)


def post_at_the_barrier(url: str, barrier: object, results: object) -> None:
    barrier.wait()
    results.put(post(Ledger.open(url), "2025-10-02", *AWARDS).posted)


def test_processes_posting_the_same_day_at_once_make_one_posting(unmade: str, tmp_path: Path) -> None:
    barrier, results = FORK.Barrier(3), FORK.Queue()
    processes = [in_process(post_at_the_barrier, unmade, barrier, results) for _ in range(3)]
    assert sorted(results.get(timeout=30) for _ in processes) == [False, False, True]
    for process in processes:
        process.join()
    shared, alone = Ledger.open(unmade), ledger_in(tmp_path / "alone")
    post(alone, "2025-10-02", *AWARDS)
    assert shared.head() == alone.head()
    assert list(shared.entries()) == list(alone.entries())


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def post_and_die(url: str, where: str) -> None:
    append_module.BATCH = 100
    calls = iter(range(100))
    text_of = chain.text_of
    if where == "the first batch":
        append_module.text_of = die
    elif where == "a batch in the middle":
        append_module.text_of = lambda rows: die() if next(calls) == 5 else text_of(rows)
    elif where == "the header":
        chain.header_text = die
    ledger = Ledger.open(url)
    post(ledger, "2025-10-03", *AWARDS)
    die()


@pytest.mark.parametrize("where", ["the first batch", "a batch in the middle", "the header", "after the posting"])
def test_a_kill_leaves_all_of_a_posting_or_nothing(ledger: Ledger, tmp_path: Path, where: str) -> None:
    head = post(ledger, "2025-10-02", provisional(5)).head
    process = in_process(post_and_die, url_of(ledger), where)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (ledger.head() == head) == (where != "after the posting")
    assert ledger.verify([head]) == []
    post(ledger, "2025-10-03", *AWARDS)
    whole = ledger_in(tmp_path / "whole")
    post(whole, "2025-10-02", provisional(5))
    post(whole, "2025-10-03", *AWARDS)
    assert ledger.head() == whole.head()
    assert list(ledger.entries()) == list(whole.entries())


def test_a_reader_is_not_blocked_by_a_posting_and_does_not_see_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = post(ledger, "2025-10-02", provisional(5)).head
    seen = []
    sums_text = append_module.sums_text

    def read_between_the_entries_and_the_header(sums: dict) -> str:
        seen.append((ledger.head(), ledger.verify(), len(list(ledger.entries()))))
        monkeypatch.setattr(append_module, "sums_text", sums_text)
        return sums_text(sums)

    monkeypatch.setattr(append_module, "sums_text", read_between_the_entries_and_the_header)
    post(ledger, "2025-10-03", *AWARDS)
    assert seen == [(head, [], 1)]


def test_a_writer_that_waits_too_long_says_who_to_wait_for(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing(ledger._engine):
        monkeypatch.setattr("orchestration.ledger.store.WAIT_SECONDS", 0.01)
        impatient = Ledger.open(url_of(ledger))
        with pytest.raises(BusyError, match="another process is writing to the ledger"):
            post(impatient, "2025-10-02", provisional(5))
