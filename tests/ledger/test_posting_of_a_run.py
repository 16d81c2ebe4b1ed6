"""The posting of a run: on which ledger it stands, what it rests on, and which terms it has used.

Does not belong here: the posting rule (``test_posting_rule``), or which checks must have passed (``tests/dagster_ui``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from awards_by_hand import provisional
from pydantic import TypeAdapter

from data_contracts.terms import Program, period_terms, version_hash
from data_contracts.terms.loading import AnyProgram
from orchestration.awards import inputs_hash, post_day
from orchestration.deliveries import DeliveryRecord, State
from orchestration.errors import RefusedError, SettingsError
from orchestration.fingerprints import Fingerprint
from orchestration.ledger.chain import EMPTY, Head
from orchestration.ledger.ledger import Ledger
from orchestration.programs import check_none_is_gone, deployed_programs
from orchestration.settings import CHECKOUT, Settings
from orchestration.terms_relations import used_versions, write_terms
from orchestration.window import DAY, Window

FIRST = date(2025, 10, 1)
SHIPPED = CHECKOUT / "data_contracts" / "programs"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    return Settings(tmp_path, tmp_path, SHIPPED, url, "UTC", FIRST, None, None)


def window(as_of: date) -> Window:
    return Window(as_of - DAY, as_of, as_of, FIRST, FIRST, "UTC")


def test_a_ledger_that_was_changed_is_not_posted_on(settings: Settings) -> None:
    posted = post_day(settings, window(FIRST), [provisional(5)], {}, [])
    assert (posted.result.entry_count, posted.differences) == (1, ())
    with closing(sqlite3.connect(settings.home / "ledger.sqlite", isolation_level=None)) as raw:
        raw.execute("DROP TRIGGER entries_no_update")
        raw.execute("UPDATE entries SET amount_cents = 6")
    with pytest.raises(RefusedError, match="the ledger is not as it was written: the store no longer refuses changes"):
        post_day(settings, window(FIRST + DAY), [provisional(7)], {}, [posted.result.head])
    assert Ledger.open(settings.ledger_url).head() == posted.result.head


def test_after_a_posting_the_ledger_is_compared_with_the_awards(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def differ(_: Ledger, awards: Any) -> list[str]:
        asked.append(awards)
        return ["they differ"]

    monkeypatch.setattr(Ledger, "check_against", differ)
    posted = post_day(settings, window(FIRST + DAY), [provisional(5)], {}, [])
    assert (posted.differences, asked) == (("they differ",), [[provisional(5)]])
    assert post_day(settings, window(FIRST), [], {}, [posted.result.head]).differences == (), (
        "a day before the last posted one has other awards"
    )


@pytest.fixture
def another(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Another home with the same ledger, of other deliveries; each of the two has some of five days."""
    other = replace(settings, home=tmp_path / "other")
    monkeypatch.setattr(
        "orchestration.awards.read_records",
        lambda home: [delivered("orders", FIRST + DAY * number, home.home.name) for number in range(5)],
    )
    return other


@pytest.mark.parametrize("begins", [0, 1, 2, 3])
@pytest.mark.parametrize("anchors", [[], [EMPTY]], ids=["fresh", "with nothing posted so far"])
def test_a_home_never_posts_on_the_ledger_of_another_one_wherever_it_begins(
    settings: Settings, another: Settings, begins: int, anchors: list[Head]
) -> None:
    """Day by day it would come to the last day without posting anything, and go on from there."""
    for number in range(3):
        head = post_day(settings, window(FIRST + DAY * number), [provisional(number + 1)], {}, []).result.head
    with pytest.raises(RefusedError, match="goes to 2025-10-03, by other deliveries than those of"):
        post_day(another, window(FIRST + DAY * begins), [], {}, anchors)
    assert Ledger.open(settings.ledger_url).head() == head


def test_a_home_that_was_lost_goes_on_with_its_own_ledger(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Day by day, also where a delivery that stops no day was refused at first and replaced after the day was posted."""
    found = [delivered("orders", FIRST, "aa"), delivered("short_videos", FIRST + DAY, "bb", State.REFUSED)]
    monkeypatch.setattr("orchestration.awards.read_records", lambda home: found)
    days = [FIRST, FIRST + DAY]
    for day in days:
        post_day(settings, window(day), [provisional(day.day)], {}, [])
    found[1] = delivered("short_videos", FIRST + DAY, "cc")
    for day in (*days, FIRST + DAY * 2):
        result = post_day(settings, window(day), [provisional(day.day)], {}, []).result
    assert result.posted


def test_a_home_that_was_restored_goes_on_where_a_delivery_was_mended_after_the_last_posting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed that stops no day was refused from the beginning; no publication is restored, nor was anything ever paid."""
    found = [delivered("orders", FIRST, "aa"), delivered("ad_spend", FIRST, "broken", State.REFUSED)]
    monkeypatch.setattr("orchestration.awards.read_records", lambda home: found)
    head = post_day(settings, window(FIRST), [provisional(5)], {}, []).result.head
    head = post_day(settings, window(FIRST + DAY), [provisional(6)], {}, [head]).result.head
    found[1] = delivered("ad_spend", FIRST, "mended")
    for number in (2, 3):
        assert not post_day(settings, window(FIRST + DAY * number), [provisional(6)], {}, []).result.posted
    with pytest.raises(RefusedError, match="by other deliveries"):
        post_day(settings, window(FIRST + DAY * 3), [], {}, [])


def test_a_first_run_that_was_killed_once_it_had_posted_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [delivered("orders", FIRST, "aa")]
    monkeypatch.setattr("orchestration.awards.read_records", lambda home: found)
    post_day(settings, window(FIRST), [provisional(5)], {}, [])
    # Nothing was published, so its days are not closed.
    found[:] = [delivered("orders", FIRST, "mended")]
    with pytest.raises(RefusedError, match="`incentives run --through 2025-10-01` first"):
        post_day(settings, window(FIRST + DAY), [provisional(6)], {}, [])
    head = post_day(settings, window(FIRST), [provisional(7)], {}, []).result.head
    assert post_day(settings, window(FIRST + DAY), [provisional(6)], {}, [head]).result.posted


def delivered(feed: str, landed_on: date, sha256: str, state: State = State.ACCEPTED) -> DeliveryRecord:
    return DeliveryRecord(feed, landed_on, state, files=(Fingerprint("a.csv", 1, 2, sha256),))


def test_a_posting_rests_on_the_accepted_files_of_its_days_whatever_their_order() -> None:
    records = [delivered("orders", FIRST, "aa"), delivered("refunds", FIRST, "bb")]
    rests_on = inputs_hash(records, FIRST)
    assert inputs_hash(records[::-1], FIRST) == rests_on
    assert inputs_hash([*records, delivered("orders", FIRST + DAY, "cc")], FIRST) == rests_on
    assert inputs_hash([*records, delivered("sellers", FIRST, "cc", State.REFUSED)], FIRST) == rests_on
    assert inputs_hash([*records, delivered("sellers", FIRST, "cc", State.WAIVED)], FIRST) == rests_on
    for others in (
        [delivered("orders", FIRST, "aa")],
        [delivered("orders", FIRST, "aa"), delivered("refunds", FIRST, "cc")],
        [delivered("orders", FIRST, "aa"), delivered("sellers", FIRST, "bb")],
        [delivered("orders", FIRST - DAY, "aa"), delivered("refunds", FIRST, "bb")],
    ):
        assert inputs_hash(others, FIRST) != rests_on


def used(programs: Sequence[Program], as_of: date, first_delivery: date) -> dict[tuple[str, int], str]:
    """What awards of that day stand on."""
    with duckdb.connect() as connection:
        write_terms(connection, programs, as_of, first_delivery)
        return used_versions(connection)


def test_terms_are_used_from_the_day_on_which_awards_may_be_made(settings: Settings) -> None:
    programs = deployed_programs(settings)
    begun = {
        (program.program_id, 1): version_hash(program, 1)
        for program in programs
        if program.periods()[0].first_day <= FIRST
    }
    assert used(programs, FIRST - DAY, FIRST - DAY) == {}
    assert used(programs, FIRST, FIRST + DAY) == {}
    assert used(programs, FIRST, FIRST) == begun
    check_none_is_gone(settings, programs, begun)
    with pytest.raises(
        SettingsError, match="the terms of referral_2025q4, version 1, were used by awards and are gone"
    ):
        check_none_is_gone(settings, [one for one in programs if one.program_id != "referral_2025q4"], begun)


def test_terms_by_which_ranks_were_drawn_are_used_too() -> None:
    """October settles on 2025-11-30 and freezes on 2026-01-29: its places are those of version 1, whatever is in force since."""
    written = yaml.safe_load((SHIPPED / "tsp_short_video_2025q4.yaml").read_text(encoding="utf-8"))
    written["versions"].append(written["versions"][0] | {"effective_from": date(2025, 12, 5)})
    program = TypeAdapter(AnyProgram).validate_python(written)
    late = date(2026, 4, 1)
    assert {number for _, number in used([program], late, FIRST)} == {1, 2}
    assert period_terms(program, late, FIRST)[0].version_no == 2
