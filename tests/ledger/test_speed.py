"""A smoke test of speed, far below what is measured, so that only a change of kind fails it."""

from __future__ import annotations

from time import perf_counter

from awards_by_hand import post, provisional

from orchestration.ledger.ledger import Ledger


def test_a_posting_of_a_hundred_thousand_entries_takes_seconds(sqlite_ledger: Ledger) -> None:
    awards = [provisional(number + 1, subject_id=f"{number:06}") for number in range(100_000)]
    start = perf_counter()
    assert post(sqlite_ledger, "2025-10-02", *awards).entry_count == 100_000
    assert perf_counter() - start < 8
