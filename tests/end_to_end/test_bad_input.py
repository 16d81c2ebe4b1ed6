"""What is refused: one clear line on standard error, the exit code that PUBLIC.md promises, and everything as it was before.

Does not belong here: which rows break a contract or which terms are insane (``tests/acceptance``, ``tests/terms``).
"""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import golden_world as golden
import pytest
from deployment import Deployment, Outcome

REFUSED, USAGE, BUSY = 1, 2, 3
NO_LINES = "order_line_id,order_id\nL1,O1\n"

HOLD = """
import duckdb, sys
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def check_told(outcome: Outcome, code: int, *words: str) -> None:
    """One line that says all of this, and the exit code."""
    assert outcome.code == code, outcome
    for word in words:
        assert word in outcome.told


def check_refused(deployment: Deployment, code: int, *words: str, through: str = "2025-10-05") -> None:
    """A run that is refused in these words, and leaves everything as it was before."""
    before = deployment.kept()
    check_told(deployment.incentives("run", "--through", through), code, *words)
    assert deployment.kept() == before


# Usage and settings


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--through", "2025-13-04"], ["--through", "2025-13-04"]),
        (["run", "--through", "yesterday"], ["--through", "yesterday"]),
        (["run"], ["--through"]),
        (["runn"], ["runn", "run"]),
        (["waive", "ordes", "2025-10-06", "--reason", "x"], ["ordes is no feed", "orders"]),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    check_told(Deployment(tmp_path).incentives(*arguments), USAGE, *words)


def test_a_name_that_is_no_time_zone(tmp_path: Path) -> None:
    outcome = Deployment(tmp_path).incentives("owed", INCENTIVES_TIMEZONE="Mars/Olympus")
    check_told(outcome, USAGE, "INCENTIVES_TIMEZONE is 'Mars/Olympus'", "America/Los_Angeles")


def test_what_is_no_amount_of_memory(tmp_path: Path) -> None:
    outcome = Deployment(tmp_path).incentives("run", "--through", "2025-10-05", INCENTIVES_MEMORY="lots")
    check_told(outcome, USAGE, "INCENTIVES_MEMORY is 'lots'", "4GB")


def test_another_time_zone_than_the_home_was_begun_with(once: Deployment) -> None:
    before = once.kept()
    outcome = once.incentives("run", "--through", "2025-10-05", INCENTIVES_TIMEZONE="Asia/Tokyo")
    check_told(outcome, USAGE, "INCENTIVES_TIMEZONE is Asia/Tokyo", "begun with UTC")
    assert once.kept() == before


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    home = tmp_path / "file" / "home"
    outcome = Deployment(tmp_path).incentives("run", "--through", "2025-10-04", INCENTIVES_HOME=str(home))
    check_told(outcome, USAGE, f"the home {home} cannot be written", "INCENTIVES_HOME")


def test_no_landing_folder(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    outcome = deployment.incentives("run", "--through", "2025-10-04")
    check_told(outcome, USAGE, f"the landing folder {deployment.landing} does not exist", "INCENTIVES_LANDING")


def test_an_empty_landing_is_made_for_the_owner_alone_where_none_is_named(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    outcome = deployment.incentives("run", "--through", "2025-10-04", INCENTIVES_LANDING="")
    check_told(outcome, USAGE, f"{deployment.home / 'landing'} holds no delivery", "landed_on=YYYY-MM-DD")
    assert oct(stat.S_IMODE((deployment.home / "landing").stat().st_mode)) == oct(0o700)


# Deliveries


def test_a_refused_delivery_on_the_first_day(prepared: Deployment) -> None:
    prepared.put("order_lines", "2025-09-10", NO_LINES)
    outcome = prepared.incentives("run", "--through", golden.LAST_DAY)
    check_told(outcome, REFUSED, "order_lines/landed_on=2025-09-10 is refused", "seller_id")
    assert not prepared.marts.exists()
    assert not (prepared.home / "state.json").exists()


@pytest.fixture(scope="module")
def stopped(states: Deployment) -> Deployment:
    """Three days of which the one in the middle is refused, an empty day, and folders that are no delivery."""
    states.restore("once")
    for day in ("2025-10-05", "2025-10-06", "2025-10-07"):
        number = f"O{day[-1]}0"
        states.put("orders", day, golden.ORDERS + golden.order(number, "B1", f"{day}T10:00:00Z"))
        states.put("order_lines", day, golden.LINES + golden.line(f"{number}-1", "A", "100.00", f"{day}T10:00:00Z"))
    states.put("order_lines", "2025-10-06", NO_LINES)
    states.put("ordes", "2025-10-05", golden.ORDERS)
    states.put("orders", "2025-02-30", golden.ORDERS)
    outcome = states.incentives("run", "--through", "2025-10-08")
    check_told(outcome, REFUSED, "processed through 2025-10-05", "order_lines/landed_on=2025-10-06 is refused")
    states.keep("stopped")
    return states


def october(deployment: Deployment) -> list[tuple]:
    """The paid days after the golden world's, with what was paid."""
    return deployment.rows("select gmv_date, gross_cents from gmv_daily where gmv_date > '2025-10-04' order by all")


def test_the_days_before_a_refused_delivery_are_finished(stopped: Deployment) -> None:
    stopped.restore("stopped")
    assert october(stopped) == [(date(2025, 10, 5), 10_000)]
    assert stopped.rows("select max(as_of) from finance.ledger_entries") == [(date(2025, 10, 5),)]
    examined = stopped.incentives("doctor")
    check_told(examined, USAGE, "order_lines/landed_on=2025-10-06 is refused", "incentives waive")
    assert "processed through 2025-10-05" in examined.out
    assert stopped.incentives("verify").code == 0


def test_what_broke_is_listed_with_refused_deliveries(stopped: Deployment) -> None:
    stopped.restore("stopped")
    listed = stopped.incentives("quarantine")
    assert listed.code == 0 and "order_lines/landed_on=2025-10-06 is refused" in listed.out
    assert stopped.incentives("quarantine", "sellers").out.startswith("no row is in quarantine")
    check_told(stopped.incentives("quarantine", "shops"), USAGE, "shops is no feed", "order_lines")
    check_told(stopped.incentives("quarantine", "--day", "2024-01-01"), USAGE, "nothing of any feed of 2024-01-01")


def test_a_contract_is_printed_with_an_example(tmp_path: Path) -> None:
    printed = Deployment(tmp_path).incentives("contracts", "assignments")
    assert printed.code == 0 and "valid_to is not before valid_from, else not_after on valid_to." in printed.out
    assert "assignment_id,partner_id,subject_type" in printed.out


def test_a_refused_delivery_that_is_replaced_in_place_is_taken_in_and_what_is_none_is_ignored(
    stopped: Deployment,
) -> None:
    stopped.restore("stopped")
    stopped.put("order_lines", "2025-10-06", golden.LINES + golden.line("O60-1", "A", "100.00", "2025-10-06T10:00:00Z"))
    outcome = stopped.run("2025-10-08")
    assert october(stopped) == [(date(2025, 10, day), 10_000) for day in (5, 6, 7)]
    assert "ordes is no feed and is ignored" in outcome.err
    assert "orders/landed_on=2025-02-30 has no valid date and is ignored" in outcome.err
    assert "incentives: " not in outcome.err


def test_a_refused_delivery_that_is_waived_counts_as_empty(stopped: Deployment) -> None:
    stopped.restore("stopped")
    check_told(
        stopped.incentives("waive", "order_lines", "2025-10-06", "--reason", " "), USAGE, "for a reason", "--reason"
    )
    waived = stopped.incentives("waive", "order_lines", "2025-10-06", "--reason", "lost at the source", "--by", "Ada")
    assert waived.code == 0
    assert "order_lines/landed_on=2025-10-06 counts as empty from now on: lost at the source (Ada)" in waived.out
    stopped.run("2025-10-08")
    assert october(stopped) == [(date(2025, 10, day), 10_000) for day in (5, 7)]
    assert stopped.rows("select feed, state from deliveries where landed_on = '2025-10-06' order by feed") == [
        ("order_lines", "WAIVED"),
        ("orders", "ACCEPTED"),
    ]
    check_told(
        stopped.incentives("waive", "order_lines", "2025-10-06", "--reason", "x"), REFUSED, "only a refused delivery"
    )


def test_a_closed_day_whose_bytes_changed(once: Deployment) -> None:
    once.put("orders", "2025-10-01", golden.DELIVERIES["orders", "2025-10-01"].replace("B2", "B9"))
    check_refused(once, REFUSED, "orders/landed_on=2025-10-01/delivery.csv changed", "closed")


def test_a_folder_that_came_into_a_closed_day(once: Deployment) -> None:
    once.put("refunds", "2025-10-02", golden.DELIVERIES["refunds", "2025-10-04"])
    check_refused(
        once, REFUSED, "refunds/landed_on=2025-10-02 came after its day was closed", "next unprocessed day's folder"
    )


# Terms


def edit_terms(deployment: Deployment, old: str, new: str) -> Path:
    """Replaces text in the terms file of the golden world's program."""
    path = deployment.programs / f"{golden.PROGRAM}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_insane_terms_are_refused_with_file_path_and_reason(once: Deployment) -> None:
    path = edit_terms(once, "amount_cents: 1_200_000", "amount_cents: 700_000")
    check_refused(once, USAGE, str(path), "versions[0].tiers[2].amount_cents", "700000 is below 800000")


def test_terms_that_were_edited_after_use(once: Deployment) -> None:
    edit_terms(once, "amount_cents: 1_200_000", "amount_cents: 1_300_000")
    check_refused(once, USAGE, golden.PROGRAM, "version 1", "edited after awards had used them")


def test_terms_that_are_gone_after_use(once: Deployment) -> None:
    once.ship("referral_2025q4")
    (once.programs / f"{golden.PROGRAM}.yaml").unlink()
    check_refused(once, USAGE, golden.PROGRAM, "version 1", "are gone from", "put them back")


# Others at work


@contextmanager
def another_process_that_holds(warehouse: Path) -> Iterator[None]:
    """Another process has the warehouse open, as somebody who looks into it would."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLD, str(warehouse)], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield


def test_a_warehouse_that_another_process_has_open(once: Deployment) -> None:
    warehouse = once.home / "warehouse" / "warehouse.duckdb"
    with another_process_that_holds(warehouse):
        check_refused(once, BUSY, f"{warehouse} is locked by another process", "served marts")


def test_a_warehouse_that_is_damaged(once: Deployment) -> None:
    warehouse = once.home / "warehouse" / "warehouse.duckdb"
    warehouse.write_bytes(warehouse.read_bytes()[:100_000])
    told = once.incentives("explain", "award", golden.PROGRAM, "P1")
    check_told(told, USAGE, f"{warehouse} cannot be opened", "move it away", "`incentives rebuild`")


def test_movements_that_an_earlier_version_did_not_keep(once: Deployment) -> None:
    once.put("orders", "2025-10-05", golden.ORDERS + golden.order("O50", "B1", "2025-10-05T10:00:00Z"))
    with duckdb.connect(str(once.home / "warehouse" / "warehouse.duckdb")) as warehouse:
        warehouse.execute("drop table movements.market_order_movements")
    outcome = once.incentives("run", "--through", "2025-10-05")
    check_told(outcome, REFUSED, "the warehouse has no movements.market_order_movements", "`incentives rebuild`")
    assert once.incentives("rebuild").code == 0
    once.run("2025-10-05")


def test_another_run_at_work(once: Deployment) -> None:
    first = once.start("run", "--through", golden.LAST_DAY)
    # The first line says that a step has ended, so the lock is held.
    assert first.stderr is not None and first.stderr.readline()
    second = once.incentives("run", "--through", golden.LAST_DAY)
    first.kill()
    first.communicate()
    check_told(second, BUSY, f"incentives run --through {golden.LAST_DAY}, process {first.pid} on", "wait for it")
