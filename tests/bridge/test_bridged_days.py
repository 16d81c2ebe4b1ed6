"""Which days can be bridged, what is beside awards, and what a bridge leaves behind: nothing.

A shop sold for 1,000 on September 30, and for 700 more on October 2, known the same day. Does not belong here: classes of news.
"""

from __future__ import annotations

import fcntl
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from properties.program_worlds import at, sale

from bridge.bridged_home import bridged_home
from bridge.test_classes import BY_CREATOR, FIRST, LAST, known, partners, program
from orchestration.bridge import Changes, bridge
from orchestration.errors import BusyError, RefusedError, SettingsError
from orchestration.ledger.adjustments import Adjustments, Request
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Payee
from orchestration.settings import Settings

SHOP = "S waiting"
GRANT = Request("GRANT", "goodwill", "PARTNER", "P1", "AD_CREDIT", 30, "a late answer", "mail.txt", "0" * 64)
PAYEES = {("PARTNER", "P1"): Payee("account-of-p1", has_tax_form=True)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Posted as of October 2 and 5, with 30 granted on the 4th and all that is payable paid on the 5th."""
    records = known(SHOP) + sale("waiting", at(FIRST), SHOP, 700, FIRST, **BY_CREATOR)
    settings = bridged_home(tmp_path_factory.mktemp("days"), [*partners(), *records], [program()], [FIRST, LAST])
    adjustments, payouts = Adjustments.open(settings.ledger_url), Payouts.open(settings.ledger_url)
    asked = adjustments.ask(GRANT, "ann")
    adjustments.approve([asked.adjustment_id], "bob", LAST)
    payouts.propose(LAST, PAYEES, "ann")
    payouts.approve([one.payout_id for one in payouts.payouts()], "bob")
    payouts.export(LAST, PAYEES, None, "bob")
    return settings


def test_adjustments_and_payments_have_lines_and_classes_of_their_own(home: Settings) -> None:
    told: list[str] = []
    found = bridge(home, FIRST, LAST, report=told.append)
    assert {line.key.program_id: line.changes for line in found.lines} == {
        "affiliate_service_2025q4": Changes(old=200, other_corrections=140, of_which_time=140, new=340),
        "manual:goodwill": Changes(manual=30, new=30),
        "payments": Changes(paid=-370, new=-370),
    }
    assert told[0] == f"1 of 9: the old balance, as of {FIRST}"


def test_the_first_day_of_all_calendars_is_refused(home: Settings) -> None:
    with pytest.raises(SettingsError, match="no calendar has a day before 0001-01-01"):
        bridge(home, date.min, LAST)


def test_a_program_alone_has_neither(home: Settings) -> None:
    found = bridge(home, FIRST, LAST, program="affiliate_service_2025q4")
    assert [line.key.program_id for line in found.lines] == ["affiliate_service_2025q4"]


def test_a_beneficiary_has_its_lines_alone(home: Settings) -> None:
    assert bridge(home, FIRST, LAST, beneficiary=("PARTNER", "P2")).lines == ()


@pytest.mark.parametrize("first", [LAST, date(2025, 10, 6)])
def test_days_that_are_swapped_or_the_same_are_refused(home: Settings, first: date) -> None:
    with pytest.raises(SettingsError, match=f"not from {first} to {LAST}: swap the days"):
        bridge(home, first, LAST)


def test_a_day_that_was_not_processed_is_refused(home: Settings) -> None:
    with pytest.raises(
        SettingsError, match="2025-10-06 is not processed yet, only through 2025-10-05: `incentives run"
    ):
        bridge(home, FIRST, date(2025, 10, 6))


def test_an_unknown_program_is_refused(home: Settings) -> None:
    with pytest.raises(SettingsError, match="no program nobodys; the programs are affiliate_service_2025q4"):
        bridge(home, FIRST, LAST, program="nobodys")


def test_a_home_without_a_run_is_refused(tmp_path: Path, home: Settings) -> None:
    with pytest.raises(SettingsError, match="nothing was processed"):
        bridge(replace(home, home=tmp_path), FIRST, LAST)


def test_a_day_within_a_range_that_was_posted_at_its_end_is_refused_by_name(home: Settings) -> None:
    """On the 3rd the sale of the 2nd counts, and nobody posted that."""
    with pytest.raises(RefusedError) as refused:
        bridge(home, date(2025, 10, 3), LAST)
    told = str(refused.value)
    assert "as of 2025-10-03 the ledger has 200 cents under affiliate_service_2025q4 " in told
    assert "makes 340: no posting was made for that day" in told
    assert told.endswith("name a posted one (2025-10-02 or 2025-10-05)") and SHOP in told
    assert not (home.home / "bridge").exists()


def test_what_a_killed_bridge_left_is_cleared_by_the_next(home: Settings) -> None:
    folder = home.home / "bridge"
    folder.mkdir()
    (folder / "warehouse.duckdb").write_bytes(b"half of it")
    with pytest.raises(RefusedError):
        bridge(home, date(2025, 10, 3), LAST)
    assert not folder.exists()


def test_one_bridge_at_a_time(home: Settings) -> None:
    with (home.home / "bridge.lock").open("a") as stream:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="another bridge is worked out"):
            bridge(home, FIRST, LAST)


def test_models_that_no_run_built_yet_are_refused(home: Settings) -> None:
    """As they are after an upgrade, until the next run."""
    manifest = home.home / "dbt" / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    try:
        manifest.write_text(text.replace('"compiled_code"', '"uncompiled_code"'), encoding="utf-8")
        with pytest.raises(RefusedError, match="is another one than the last run built: run `incentives rebuild`"):
            bridge(home, FIRST, LAST)
        manifest.unlink()
        with pytest.raises(SettingsError, match="`incentives rebuild` makes them anew"):
            bridge(home, FIRST, LAST)
    finally:
        manifest.write_text(text, encoding="utf-8")
