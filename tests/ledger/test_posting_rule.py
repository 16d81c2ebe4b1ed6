"""The posting rule by hand, a case a branch, and its law: after the entries, the position is the award."""

from __future__ import annotations

import random

import pytest
from awards_by_hand import KEY, final, provisional
from hypothesis import given
from hypothesis import strategies as st

from orchestration.errors import RefusedError
from orchestration.ledger.entries import APPROVED_SIGNS, PENDING_SIGNS, Award
from orchestration.ledger.posting import Position, differences, entries_of, in_key_order, movements, paired


@pytest.mark.parametrize(
    ("pending", "approved", "award", "entries"),
    [
        (0, 0, provisional(500), [("ACCRUE", 500)]),
        (500, 0, provisional(800), [("ACCRUE", 300)]),
        (800, 0, provisional(500), [("RELEASE", 300)]),
        (500, 0, provisional(500), []),
        (0, 700, provisional(500), [("CLAWBACK", 700), ("ACCRUE", 500)]),
        (900, 700, provisional(500), [("CLAWBACK", 700), ("RELEASE", 400)]),
        (500, 700, provisional(500), [("CLAWBACK", 700)]),
        (500, 0, final(500), [("APPROVE", 500)]),
        (800, 0, final(500), [("APPROVE", 500), ("RELEASE", 300)]),
        (500, 0, final(800), [("APPROVE", 500), ("ADJUST", 300)]),
        (0, 0, final(800), [("ADJUST", 800)]),
        (0, 500, final(500), []),
        (0, 500, final(800), [("ADJUST", 300)]),
        (0, 500, final(200), [("CLAWBACK", 300)]),
        (100, 500, final(800), [("APPROVE", 100), ("ADJUST", 200)]),
        (400, 500, final(800), [("APPROVE", 300), ("RELEASE", 100)]),
        (400, 500, final(500), [("RELEASE", 400)]),
        (400, 500, final(200), [("RELEASE", 400), ("CLAWBACK", 300)]),
        (500, 0, None, [("RELEASE", 500)]),
        (0, 500, None, [("CLAWBACK", 500)]),
        (0, 0, None, []),
    ],
)
def test_each_branch(pending: int, approved: int, award: Award | None, entries: list[tuple[str, int]]) -> None:
    assert entries_of(KEY, pending, approved, award) == entries


CENTS = st.integers(0, 5)


@given(CENTS, CENTS, st.integers(1, 5), st.sampled_from([provisional, final, None]))
def test_afterwards_the_position_is_the_award(pending: int, approved: int, owed: int, make: object) -> None:
    award = make(owed) if callable(make) else None
    for entry_type, cents in entries_of(KEY, pending, approved, award):
        assert cents > 0
        pending += PENDING_SIGNS.get(entry_type, 0) * cents
        approved += APPROVED_SIGNS.get(entry_type, 0) * cents
        assert pending >= 0
        assert approved >= 0
    assert list(differences([(KEY, pending, approved, award)])) == []


@pytest.mark.parametrize("cents", [0, -1, 1.0, True, None, 10**15 + 1])
def test_an_amount_that_is_no_whole_number_of_cents_is_refused(cents: object) -> None:
    with pytest.raises(RefusedError, match="P1 daily_gmv CASH"):
        entries_of(KEY, 0, 0, Award(KEY, cents, "FINAL"))  # type: ignore[arg-type]


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(RefusedError, match="stage 'DONE'"):
        entries_of(KEY, 0, 0, Award(KEY, 1, "DONE"))


@pytest.mark.parametrize(
    "key", [{"instrument": "GOLD"}, {"beneficiary_type": "FRIEND"}, {"program_id": ""}, {"beneficiary_id": ""}]
)
def test_a_key_that_the_rulebook_does_not_have_is_refused(key: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match="the award"):
        list(movements(paired([provisional(1, **key)], [])))


def test_two_awards_with_one_key_are_refused_by_name() -> None:
    with pytest.raises(RefusedError, match=r"two awards have the key tsp_daily_gmv_2025q4 .* P1 daily_gmv CASH"):
        in_key_order([provisional(5), provisional(7, beneficiary_id="P0"), final(6)])


@given(st.sets(st.text("aZé~￿𐀀", max_size=3)), st.sets(st.text("aZé~￿𐀀", max_size=3)))
def test_awards_and_positions_meet_key_by_key(awarded: set[str], posted: set[str]) -> None:
    awards = [provisional(1, subject_id=subject) for subject in awarded]
    random.shuffle(awards)
    keys = sorted((KEY._replace(subject_id=subject) for subject in posted), key=lambda key: key.subject_id.encode())
    pairs = list(paired(in_key_order(awards), [Position(key, 2, 3) for key in keys]))
    subjects = [key.subject_id.encode() for key, *_ in pairs]
    assert subjects == sorted(subject.encode() for subject in awarded | posted)
    for key, pending, approved, award in pairs:
        assert (pending, approved) == ((2, 3) if key.subject_id in posted else (0, 0))
        assert (award is not None) == (key.subject_id in awarded)
