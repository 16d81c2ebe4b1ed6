"""Posting day after day: the golden world, days that come twice or too late, and the laws of order and repetition."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pytest
from awards_by_hand import KEY, final, ledger_in, moved, post, provisional
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger import positions
from orchestration.ledger.chain import EMPTY
from orchestration.ledger.entries import Award, Entry
from orchestration.ledger.ledger import PUBLISHED, Ledger

GOLDEN_BALANCES = [("pending:PARTNER:P1", "CASH", 500_000), ("program:tsp_daily_gmv_2025q4", "CASH", -500_000)]


def test_golden_day_by_day(ledger: Ledger) -> None:
    assert not post(ledger, "2025-10-01").posted
    for day, cents in (("2025-10-02", 500_000), ("2025-10-03", 800_000), ("2025-10-04", 500_000)):
        assert post(ledger, day, provisional(cents)).posted
    assert moved(ledger) == [(1, "ACCRUE", 500_000), (2, "ACCRUE", 300_000), (3, "RELEASE", 300_000)]
    assert ledger.balances() == GOLDEN_BALANCES
    assert list(ledger.entries(entry_no=3)) == [
        Entry(3, 3, "RELEASE", *KEY, None, "pending:PARTNER:P1", "program:tsp_daily_gmv_2025q4", 300_000)
    ]
    assert ledger.verify([ledger.head()]) == []


def test_golden_posted_once(ledger: Ledger) -> None:
    result = post(ledger, "2025-10-04", provisional(500_000))
    assert (result.posting_no, result.entry_count, result.message) == (1, 1, "2025-10-04: posting 1, 1 entries")
    assert moved(ledger) == [(1, "ACCRUE", 500_000)]
    assert ledger.balances() == GOLDEN_BALANCES
    assert result.head == ledger.head()


def test_a_day_posted_again_changes_no_byte(ledger: Ledger) -> None:
    post(ledger, "2025-10-02", provisional(5))
    before = ledger.head(), list(ledger.entries())
    again = post(ledger, "2025-10-02", provisional(5))
    assert (again.posted, again.message) == (False, "2025-10-02 is posted already")
    assert (ledger.head(), list(ledger.entries())) == before


def test_other_awards_of_a_posted_day_wait_for_the_next_one(ledger: Ledger) -> None:
    post(ledger, "2025-10-02", provisional(5))
    again = post(ledger, "2025-10-02", provisional(8), provisional(1, beneficiary_id="P2"))
    assert (again.posted, again.deferred) == (False, 2)
    assert "2 entries will be posted with the next day" in again.message
    assert moved(ledger) == [(1, "ACCRUE", 5)]
    assert post(ledger, "2025-10-03", provisional(8), provisional(1, beneficiary_id="P2")).entry_count == 2


def test_a_day_before_the_last_posted_one_posts_nothing_and_says_so(ledger: Ledger) -> None:
    post(ledger, "2025-10-05", provisional(5))
    early = post(ledger, "2025-10-04", provisional(9))
    assert not early.posted
    assert early.message == "2025-10-04 lies before 2025-10-05, the last posted day: nothing was posted"
    assert early.head == ledger.head()


def test_nothing_to_do_writes_nothing(ledger: Ledger) -> None:
    assert post(ledger, "2025-10-02").head == EMPTY
    post(ledger, "2025-10-03", provisional(5))
    head = ledger.head()
    assert post(ledger, "2025-10-04", provisional(5)).head == head
    assert ledger.last_awards_day() == date(2025, 10, 3)


def test_entries_stand_in_the_order_of_their_keys_and_their_numbers_run_on(ledger: Ledger) -> None:
    post(ledger, "2025-10-02", provisional(1, beneficiary_id="b"), provisional(1, beneficiary_id="B"))
    post(ledger, "2025-10-03", final(1, beneficiary_id="é"), provisional(2, beneficiary_id="b"))
    stand = [(entry.entry_no, entry.beneficiary_id, entry.entry_type) for entry in ledger.entries()]
    assert stand == [
        (1, "B", "ACCRUE"),
        (2, "b", "ACCRUE"),
        (3, "B", "RELEASE"),
        (4, "b", "ACCRUE"),
        (5, "é", "ADJUST"),
    ]


def test_two_awards_with_one_key_post_nothing(ledger: Ledger) -> None:
    with pytest.raises(RefusedError, match="two awards have the key"):
        post(ledger, "2025-10-02", provisional(1), provisional(1, beneficiary_id="P0"), final(1))
    assert ledger.head() == EMPTY


@pytest.mark.parametrize("sign", ["\t", "\n", "\0", "\ud800"])
def test_one_id_that_cannot_stand_in_the_chain_posts_nothing(ledger: Ledger, sign: str) -> None:
    with pytest.raises(RefusedError, match="cannot stand in the ledger"):
        post(ledger, "2025-10-02", provisional(1), provisional(1, beneficiary_id=f"P{sign}2"))
    assert ledger.head() == EMPTY
    assert ledger.verify() == []


def test_published_rows(ledger: Ledger) -> None:
    post(ledger, "2025-10-02", provisional(5))
    (entry,) = ledger.rows("ledger_entries")
    row = dict(zip(PUBLISHED["ledger_entries"], entry, strict=True))
    assert (row["as_of"], row["instrument"], row["payout_id"], row["amount_cents"]) == (
        date(2025, 10, 2),
        "CASH",
        None,
        5,
    )
    assert list(ledger.rows("ledger_balances")) == [
        ("pending:PARTNER:P1", "CASH", 5),
        ("program:" + KEY[0], "CASH", -5),
    ]


def test_positions_and_the_check_against_awards(ledger: Ledger) -> None:
    post(ledger, "2025-10-02", provisional(5), final(7, beneficiary_id="P2"))
    assert [(key.beneficiary_id, *cents) for key, *cents in ledger.positions()] == [("P1", 5, 0), ("P2", 0, 7)]
    assert ledger.check_against([final(7, beneficiary_id="P2"), provisional(5)]) == []
    (one, two) = ledger.check_against([final(5)])
    assert "P1 daily_gmv CASH: pending 5 and approved 0" in one
    assert "P2 daily_gmv CASH: pending 0 and approved 7 cents are posted, the award (none) wants 0 and 0" in two


def test_terms_once_used_cannot_be_edited(ledger: Ledger) -> None:
    day, awards = date(2025, 10, 2), [provisional(5)]
    ledger.post_awards(day, awards, "i", "t", {("program", 1): "one"})
    ledger.post_awards(day.replace(day=3), awards, "i", "t", {("program", 1): "one", ("program", 2): "two"})
    assert ledger.used_terms() == {("program", 1): "one", ("program", 2): "two"}
    ledger.check_used_terms({("program", 1): "one", ("program", 3): "not used yet"})
    with pytest.raises(SettingsError, match="the terms of program, version 2, were edited"):
        ledger.check_used_terms({("program", 2): "other"})
    with pytest.raises(SettingsError, match="version 1"):
        ledger.post_awards(day.replace(day=4), [], "i", "t", {("program", 1): "other"})
    assert moved(ledger) == [(1, "ACCRUE", 5)]


WORLDS = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.tuples(st.integers(1, 4), st.sampled_from([provisional, final]))),
    min_size=1,
    max_size=6,
)


def awards_of(world: dict) -> list[Award]:
    return [make(cents, subject_id=subject) for subject, (cents, make) in world.items()]


@contextmanager
def fresh() -> Iterator[Ledger]:
    with tempfile.TemporaryDirectory() as folder:
        yield ledger_in(Path(folder))


def standing(ledger: Ledger) -> list[tuple[str, str, int]]:
    return [balance for balance in ledger.balances() if balance[2]]


@settings(max_examples=15, deadline=None)
@given(WORLDS, st.randoms(), st.sampled_from([1, 3, 100]))
def test_day_by_day_or_once_in_any_order_gives_the_same_balances(
    worlds: list[dict], dice: object, checkpoint_after: int
) -> None:
    with patch.object(positions, "LEAST_ENTRIES", checkpoint_after), fresh() as daily, fresh() as twin, fresh() as once:
        for number, world in enumerate(worlds, 1):
            awards = awards_of(world)
            post(daily, f"2025-10-{number:02}", *awards)
            assert daily.check_against(awards) == []
            assert not post(daily, f"2025-10-{number:02}", *awards).posted
            dice.shuffle(awards)  # type: ignore[attr-defined]
            post(twin, f"2025-10-{number:02}", *awards)
        post(once, f"2025-10-{len(worlds):02}", *awards_of(worlds[-1]))
        assert standing(daily) == standing(once)
        assert sum(cents for *_, cents in daily.balances()) == 0
        assert daily.head() == twin.head()
        assert list(daily.entries()) == list(twin.entries())
        assert daily.verify([daily.head()]) == once.verify() == []


def test_the_wall_clock_stays_outside_the_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Later:
        @staticmethod
        def now(zone: object) -> date:
            return type("Stamp", (), {"isoformat": staticmethod(lambda timespec: "2099-01-01T00:00:00+00:00")})()

    one = ledger_in(tmp_path / "one")
    post(one, "2025-10-02", provisional(5))
    monkeypatch.setattr("orchestration.ledger.append.datetime", Later)
    other = ledger_in(tmp_path / "other")
    post(other, "2025-10-02", provisional(5))
    assert one.head() == other.head()
    stamps = [
        sqlite3.connect(tmp_path / name / "ledger.sqlite").execute("SELECT recorded_at FROM postings").fetchone()
        for name in ("one", "other")
    ]
    assert stamps[0] != stamps[1]
