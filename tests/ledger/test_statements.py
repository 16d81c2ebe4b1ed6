"""The statement of a beneficiary: balances by program that add up, why, what changed, and the deliveries that caused it.

One small world, built and posted day by day. Does not belong here: reports over the whole ledger (``test_finance_reports``).
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from compiled.project import compiled_project
from compiled.world import World
from rich.console import Console
from scenarios.notation import Notation
from scenarios.scenario import Scenario, program_with, scenarios_of, shipped_terms

from orchestration import statements
from orchestration.awards import read_awards
from orchestration.candidates import candidates_of
from orchestration.causes import Change, deliveries_behind
from orchestration.deliveries import DeliveryRecord, State, write_record
from orchestration.errors import SettingsError
from orchestration.fingerprints import Fingerprint
from orchestration.ledger.entries import AwardKey
from orchestration.ledger.ledger import Ledger
from orchestration.payout_reports import load_payouts
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Payee
from orchestration.progress import Progress
from orchestration.reports import LIABILITY_AGEING, TRIAL_BALANCE, load_ledger
from orchestration.settings import Settings
from orchestration.statement_view import COLUMNS, shown, statement_csv
from orchestration.statements import Balance, Statement, beneficiary_named, statement

PROGRAM = "tsp_daily_gmv_2025q4"
PERIOD = "2025-10-01..2025-10-04"
TERMS: dict[str, Any] = {
    "window": {"first_day": date(2025, 10, 1), "last_day": date(2025, 10, 4)},
    "hold_days": 2,
    "clawback_days": 40,
    "instrument": "AD_CREDIT",
    "tiers": [{"threshold_cents": 100, "amount_cents": 1_000}, {"threshold_cents": 500, "amount_cents": 4_000}],
}
LANDED = {
    "2025-09-10": [
        "partner P1 is a TSP",
        "P1 serves shop A from 2025-09-01",
        "order B1 paid 2025-09-10: A 3,000",  # 100 a day
    ],
    "2025-10-01": ["order O1 paid 2025-10-01: A 700"],
    "2025-10-03": ["order O2 paid 2025-10-03: A 2,000"],
    "2025-10-04": ["order O3 paid 2025-10-02: A 8"],
    # Of another shop, and of a day that does not count.
    "2025-10-06": ["order Z1 paid 2025-10-02: Z 90,000", "order O4 paid 2025-10-05: A 90,000"],
    "2025-10-10": ["refund R1 of O2/1: 1,500 completed 2025-10-09"],
}
# As of a day: the average of the counted days, less the baseline; what that pays.
# 10-02: 700 / 1 - 100 = 600, 4,000 · 10-03: 700 / 2 - 100 = 250, 1,000 · 10-04: 2,708 / 3 - 100 = 802, 4,000
# 10-06: 2,708 / 4 - 100 = 577, 4,000 and FINAL · 10-10: 1,208 / 4 - 100 = 202, 1,000
POSTED = ("2025-10-02", "2025-10-03", "2025-10-04", "2025-10-06", "2025-10-10")
PAID_AFTER = "2025-10-06"
PAYEES = {("PARTNER", "P1"): Payee("account of P1", has_tax_form=True)}


def posted_world(ledger: Ledger) -> World:
    """The world as of the last day, after each day was posted, and P1 was paid what was payable."""
    world = World(
        programs=[program_with(shipped_terms(PROGRAM), TERMS, [])],
        project=compiled_project().upstream("award_candidates"),
    )
    for day, sentences in LANDED.items():
        notation = Notation(date.fromisoformat(day), UTC)
        world.deliver(record for sentence in sentences for record in notation.records(sentence))
    for day in POSTED:
        world.build(date.fromisoformat(day))
        ledger.post_awards(date.fromisoformat(day), awards_of(world), f"inputs of {day}", "terms", {})
        if day == PAID_AFTER:
            payouts = Payouts(ledger._engine)
            payouts.propose(date.fromisoformat(day), PAYEES, "Ann")
            payouts.approve([payout.payout_id for payout in payouts.payouts()], "Bob")
            payouts.export(date(2025, 10, 8), PAYEES, None, "Cat")
    return world


def awards_of(world: World) -> list[Any]:
    """What is owed, from the candidates alone, by the condition of the model of awards."""
    world.connection.execute(
        "create or replace view awards.incentive_awards as from awards.award_candidates where amount_cents > 0"
    )
    return read_awards(world.connection)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home whose ledger was posted, and whose warehouse is the world."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("INCENTIVES_HOME", str(tmp_path_factory.mktemp("statements")))
        settings = Settings.from_environment()
        Progress("UTC", date(2025, 9, 10), date(2025, 10, 10)).save(settings)
        for feed, day in (("refunds", "2025-10-10"), ("orders", "2025-10-04")):
            file = Fingerprint(f"{feed}.csv", 1, 1, "")
            write_record(settings, DeliveryRecord(feed, date.fromisoformat(day), State.ACCEPTED, files=(file,)))
        world = posted_world(Ledger.open(settings.ledger_url))

        @contextmanager
        def opened(_: Settings, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
            yield world.connection

        patched.setattr(statements, "open_warehouse", opened)
        yield settings


def told(home: Settings, since: str | None = None, through: str | None = None) -> Statement:
    """The statement of P1."""
    days = [day and date.fromisoformat(day) for day in (since, through)]
    return statement(home, "PARTNER", "P1", *days)


def caused(found: Statement) -> list[tuple[str, str, int, list[str]]]:
    """Day, entry type, cents and deliveries of each change."""
    return [
        (
            str(moved.as_of)[5:],
            moved.entry.entry_type,
            moved.entry.amount_cents,
            [f"{one.feed} {str(one.landed_on)[5:]}" for one in moved.deliveries],
        )
        for moved in found.moved
    ]


def test_balances_of_everything_that_ever_moved(home: Settings) -> None:
    found = told(home)
    assert found.through == date(2025, 10, 10)
    pending = Balance(PROGRAM, "AD_CREDIT", "pending", 0, 7_000, -3_000, -4_000, 0, 0, 0, 0, 0, 0)
    payable = Balance(PROGRAM, "AD_CREDIT", "payable", 0, 0, 0, 4_000, 0, -3_000, 0, -4_000, 0, -3_000)
    assert found.balances == (pending, payable)


def test_a_span_opens_where_the_one_before_closed(home: Settings) -> None:
    first, second = told(home, None, "2025-10-03"), told(home, "2025-10-03", "2025-10-08")
    assert [(one.account, one.opening, one.closing) for one in first.balances] == [("pending", 0, 1_000)]
    assert [(one.account, one.opening, one.closing) for one in second.balances] == [
        ("pending", 1_000, 0),
        ("payable", 0, 0),
    ]
    third = told(home, "2025-10-08")
    assert [(one.account, one.opening, one.clawed_back, one.closing) for one in third.balances] == [
        ("payable", 0, -3_000, -3_000)
    ]
    assert len(first.moved) + len(second.moved) + len(third.moved) == len(told(home).moved)


def test_what_comes_with_the_date_of_a_statement_that_was_made_is_in_the_next_one(home: Settings) -> None:
    """The payout of October 8 is posting 5, made after a statement through that day that ended with posting 4."""
    first, second = told(home, None, "2025-10-07"), statement(home, "PARTNER", "P1", None, None, 4)
    assert (first.through_posting, second.since_posting, second.through_posting) == (4, 4, 6)
    closing = [(one.account, one.closing) for one in first.balances]
    assert closing == [("pending", 0), ("payable", 4_000)]
    assert [(one.account, one.opening, one.paid, one.closing) for one in second.balances] == [
        ("payable", 4_000, -4_000, -3_000)
    ]
    assert [moved.entry.entry_type for moved in second.moved] == ["PAY", "CLAWBACK"]
    assert "after posting 4 through 2025-10-10 (posting 6)" in text_of(second)


def test_a_quiet_span_is_a_statement_too(home: Settings) -> None:
    Progress("UTC", date(2025, 9, 1), date(2025, 10, 31)).save(home)
    found = told(home, "2025-10-10")
    assert (found.through, found.moved) == (date(2025, 10, 31), ())
    Progress("UTC", date(2025, 9, 1), date(2025, 10, 10)).save(home)


def text_of(found: Statement, width: int = 200) -> str:
    console = Console(width=width, highlight=False, soft_wrap=True, record=True, file=io.StringIO())
    console.print(shown(found))
    return console.export_text()


def test_no_cent_is_cut_off_in_a_narrow_terminal(home: Settings) -> None:
    text = text_of(told(home), 60)
    assert "…" not in text and "-$40.00" in text


def test_each_change_names_the_deliveries_behind_it(home: Settings) -> None:
    brought = [f"{feed} 09-10" for feed in ("assignments", "order_lines", "orders", "partners")]
    assert caused(told(home)) == [
        ("10-02", "ACCRUE", 4_000, [*brought, "order_lines 10-01", "orders 10-01"]),
        ("10-03", "RELEASE", 3_000, []),  # the same orders, spread over a day more
        # O2 was there before and counts from the next day on; O3 came late.
        ("10-04", "ACCRUE", 3_000, ["order_lines 10-03", "orders 10-03", "order_lines 10-04", "orders 10-04"]),
        ("10-06", "APPROVE", 4_000, []),
        ("10-08", "PAY", 4_000, []),
        ("10-10", "CLAWBACK", 3_000, ["refunds 10-10"]),
    ]


def test_deliveries_come_with_their_files(home: Settings) -> None:
    *_, clawback = told(home, "2025-10-08").moved
    assert [delivery.files for delivery in clawback.deliveries] == [("refunds.csv",)]


def test_why_is_said_of_what_stands_and_of_what_moved(home: Settings) -> None:
    found = told(home)
    ((key, amount, reason),) = [(one.name, one.amount_cents, one.reason) for one in found.reasons]
    assert (key, amount, reason) == (f"{PROGRAM} {PERIOD} P1 daily_gmv", 1_000, "tier reached")
    assert found.explained_on == date(2025, 10, 10)


def test_the_csv_adds_up_by_itself(home: Settings) -> None:
    content = statement_csv(told(home, "2025-10-03"))
    assert content == statement_csv(told(home, "2025-10-03"))
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert tuple(rows[0]) == COLUMNS
    sums: defaultdict[str, int] = defaultdict(int)
    changes: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        assert Decimal(row["amount_usd"]) * 100 == int(row["amount_cents"])
        if row["section"] == "balance":
            sums[row["account"]] += int(row["amount_cents"]) * (-1 if row["what"] == "closing" else 1)
        if row["section"] == "balance" and row["what"] not in ("opening", "closing"):
            changes[row["account"]] -= int(row["amount_cents"])
        if row["section"] == "change":
            changes[row["account"]] += int(row["amount_cents"])
    assert dict(sums) == {"payable": 0, "pending": 0} == dict(changes)
    (award,) = [row for row in rows if row["section"] == "award"]
    assert (award["what"], award["amount_usd"], award["why"]) == ("FINAL", "10.00", "tier reached")
    assert "increment $2.02" in award["figures"]
    clawback = rows[-1]
    assert (clawback["what"], clawback["amount_usd"]) == ("CLAWBACK", "-30.00")
    assert clawback["deliveries"] == "refunds/landed_on=2025-10-10/refunds.csv"


def test_people_read_all_of_it(home: Settings) -> None:
    console = Console(width=200, highlight=False, soft_wrap=True, record=True, file=io.StringIO())
    console.print(shown(told(home, "2025-10-03")))
    text = console.export_text()
    for words in (
        "Statement of PARTNER P1, after 2025-10-03 through 2025-10-10 (posting 6)",
        "-$40.00",
        "$10.00 AD_CREDIT, FINAL: tier reached.",
        "2025-10-10 refunds (refunds.csv)",
        "none of its own lines: a day passed, or terms,",
        "increment $2.02",
        "P1|AD_CREDIT|2025-10-06",
    ):
        assert words in " ".join(text.split()), text


def test_reports_of_finance_stand_on_what_a_run_leaves(home: Settings) -> None:
    ledger = Ledger.open(home.ledger_url)
    with statements.open_warehouse(home, read_only=True) as connection:
        load_ledger(connection, ledger)
        load_payouts(connection, Payouts(ledger._engine).payouts(), [])
        connection.execute(TRIAL_BALANCE)
        connection.execute(LIABILITY_AGEING)
        closing = (
            "select account, instrument, closing_cents from ledger.trial_balance where closing_cents <> 0 order by all"
        )
        assert connection.execute(closing).fetchall() == [row for row in ledger.balances() if row[2]]
        assert connection.execute("select bucket, open_cents from ledger.liability_ageing").fetchall() == [
            ("NEGATIVE", -3_000)
        ]


def test_who_and_when_must_make_sense(home: Settings) -> None:
    with pytest.raises(SettingsError, match="neither the ledger nor a program knows PARTNER p1"):
        statement(home, "PARTNER", "p1", None, None)
    with pytest.raises(SettingsError, match="neither the ledger nor a program knows CREATOR P1"):
        statement(home, "CREATOR", "P1", None, None)
    with pytest.raises(SettingsError, match="--since 2025-10-10 is not before --through 2025-10-10"):
        told(home, "2025-10-10")
    with pytest.raises(SettingsError, match="--since and --since-posting both say where a statement begins"):
        statement(home, "PARTNER", "P1", date(2025, 10, 3), None, 2)
    for posting, through in ((7, None), (0, None), (6, date(2025, 10, 9))):
        with pytest.raises(SettingsError, match=f"there is no posting {posting} through 2025-10-"):
            statement(home, "PARTNER", "P1", None, through, posting)
    assert beneficiary_named("MEMBER:a:b") == ("MEMBER", "a:b")
    for text in ("p1", "partner:p1", "PARTNER:", ":p1", ""):
        with pytest.raises(SettingsError, match="names no beneficiary"):
            beneficiary_named(text)


# Deliveries behind awards of every kind

EXPECTED = {
    "incremental_daily_gmv": {"orders", "order_lines", "assignments", "partners"},
    "rank_upgrade": {"partner_ranks", "partners"},
    "short_video_growth": {"orders", "order_lines", "attributions", "assignments"},
    "affiliate_service": {"orders", "order_lines", "attributions", "assignments"},
    "creator_matching_challenge": {"orders", "order_lines", "attributions"},
    "live_championship": {"orders", "order_lines", "attributions", "live_sessions"},
    "live_key_events": {"orders", "order_lines", "attributions", "live_sessions"},
    "creator_incubation": {"orders", "order_lines", "attributions", "program_lists"},
    "funded_deals": {"orders", "order_lines", "deals", "deal_redemptions"},
    "referral_reward": {"orders", "order_lines", "members", "referral_events"},
}
"""Scenario file → feeds that must stand behind some award of the first scenario that pays on its last day."""


def paying(file: str) -> tuple[Scenario, date]:
    """The first scenario of a file that pays somebody, and on which last day."""
    return next(
        (scenario, max(scenario.owed))
        for scenario in scenarios_of(f"{file}.yaml")
        if scenario.expected(max(scenario.owed))
    )


@pytest.mark.parametrize("file", EXPECTED)
def test_awards_of_every_kind_have_deliveries_behind_them(file: str) -> None:
    scenario, last = paying(file)
    world = scenario.world(compiled_project().upstream("award_candidates").without_checks())
    world.build(last)
    awarded = world.rows(
        "select distinct program_id, beneficiary_id from awards.award_candidates where amount_cents > 0"
    )
    candidates = {
        AwardKey(*(getattr(candidate, name) for name in AwardKey._fields)): candidate
        for program, beneficiary in awarded
        for candidate in candidates_of(world.connection, program, beneficiary, None, None)
    }
    changes = [Change(key, None, last) for key in candidates]
    found = deliveries_behind(world.connection, candidates, changes)
    assert found.keys() == set(changes)
    assert {feed for landed in found.values() for feed, _ in landed} >= EXPECTED[file]
    landed_on = {(feed, day) for feed, day in world.deliveries}
    assert {landed for behind in found.values() for landed in behind} <= landed_on
    later = [Change(key, last, last) for key in candidates]
    assert not any(deliveries_behind(world.connection, candidates, later).values()), "nothing landed in no time"
