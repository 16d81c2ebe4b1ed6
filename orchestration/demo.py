"""The demonstration: a sample marketplace taken through a season, and what came of it in words and tables.

Runs the real commands' functions, nothing of its own. Does not belong here: anything that a deployment needs.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import groupby

from rich.console import Console
from rich.table import Table

from orchestration.errors import SettingsError
from orchestration.explanation import dollars, explain_award, owed
from orchestration.files import write_text
from orchestration.home import prepare_home
from orchestration.ledger.ledger import Ledger
from orchestration.payout_desk import export, propose
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Proposal, Unpaid
from orchestration.payouts.records import Payout
from orchestration.runs import RunOutcome, run_through
from orchestration.sample import write_sample
from orchestration.settings import Settings

DEBTOR = ("Sample Marketplace Inc.", "000123456789", "SAMPUS33XXX")
ORDERS, SEED = 160_000, 7
FIRST_DAY, LAST_DAY = date(2025, 10, 1), date(2026, 3, 5)
POSTING_DAYS = {
    date(2025, 10, 20): "three weeks in: everything is provisional",
    date(2025, 12, 20): "before Christmas: the season's peak is in, still provisional",
    date(2026, 2, 5): "the programs are settled: what was owed is now approved",
    date(2026, 3, 5): "a recall and late refunds: approved money is clawed back",
}

NEXT_STEPS = """
Next:
  make ui                                      the same in the Dagster UI: graph, checks, runs
  {bin}/incentives explain award tsp_daily_gmv_2025q4 {partner} --lines 0
  {bin}/incentives payouts list           every payout with its state, and who is not paid and why
  {bin}/incentives verify                 the ledger's chain, and ledger = awards, payouts, files, served marts
  {bin}/python -c "import duckdb; duckdb.connect('{marts}', read_only=True).sql('from gmv_daily').show()"
  Your own data: put files into a landing folder as the README says, then `incentives run --through DAY`.
  (These commands use the demo's home: export INCENTIVES_HOME={home})
"""


def demonstrate(settings: Settings, console: Console) -> None:
    """Writes the sample once, runs the job for each posting day, says who is owed what and why, and pays it.

    SettingsError in a home that is not a demo's.
    """
    began = time.monotonic()
    _require_own_home(settings)
    prepare_home(settings)
    _sample(settings, console)
    for day, story in POSTING_DAYS.items():
        console.rule(f"{day}: {story}")
        run_through(settings, day, False, lambda outcome: _report(console, settings, outcome))
    console.rule("who is owed what")
    console.print(owed(settings, 5))
    partner = _interesting_partner(settings)
    console.rule(f"one award explained: {partner}")
    console.print(explain_award(settings, "tsp_daily_gmv_2025q4", partner, None, None, 8))
    console.rule("paying what is payable")
    _pay(replace(settings, debtor=DEBTOR), console)
    console.print(
        NEXT_STEPS.format(
            bin=".venv/bin", partner=partner, marts=settings.serving / "marts.duckdb", home=settings.home
        ),
        soft_wrap=True,
    )
    console.print(f"The demo took {time.monotonic() - began:.0f} seconds.")


def _require_own_home(settings: Settings) -> None:
    """Marks a new home as a demo's; SettingsError for any other, for a demo approves and exports all that is owed there."""
    marker, ledger_url = settings.home / "demo.txt", f"sqlite:///{settings.home / 'ledger' / 'ledger.sqlite'}"
    if settings.landing != settings.home / "landing" or settings.ledger_url != ledger_url or settings.head_copy:
        raise SettingsError(
            "a demo pays all that is owed, so it has a landing folder and a ledger of its own: unset INCENTIVES_LANDING, "
            "INCENTIVES_LEDGER_URL and INCENTIVES_HEAD_COPY"
        )
    settings.home.mkdir(parents=True, exist_ok=True)
    if marker.exists():
        return
    kept = (settings.state, settings.home / "ledger" / "ledger.sqlite", *settings.landing.glob("*"))
    if any(path.exists() for path in kept):
        raise SettingsError(
            f"{settings.home} is not a demo's, which pays all that is owed: move it away, or name a new folder "
            "(`make demo DEMO_HOME=...`, or INCENTIVES_HOME for `incentives demo`)"
        )
    write_text(marker, "This is a demo's home: `incentives demo` pays all that is owed here.\n")


def _pay(settings: Settings, console: Console) -> None:
    """One proposes, another approves, and the export pays; a demo that runs again finds nothing more to pay."""
    day, decisions = propose(settings, "Ann of finance")
    new = [decision for decision in decisions if isinstance(decision, Proposal)]
    Payouts.open(settings.ledger_url).approve([one.payout_id for one in new], "Bob of finance")
    done, written = export(settings, "Bob of finance")
    console.print(f"{day}: Ann proposed {len(new)} payouts, Bob approved them, the export paid {len(done.paid)}.")
    table = Table(title="Payouts")
    for name in ("kind", "instrument", "payouts", "amount"):
        table.add_column(name, justify="right" if name in ("payouts", "amount") else "left")
    for (kind, instrument), (count, cents) in sorted(_summed(done.paid).items()):
        table.add_row(kind, instrument, f"{count:,}", dollars(cents))
    console.print(table)
    why = Counter(decision.reason for decision in decisions if isinstance(decision, Unpaid))
    for reason, count in why.most_common():
        console.print(f"  {count:,} balances are not paid: {reason}")
    for path in written:
        console.print(f"  {path}", soft_wrap=True)


def _summed(payouts: Iterable[Payout]) -> dict[tuple[str, str], tuple[int, int]]:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for payout in payouts:
        kind, _, instrument = payout.owner
        count, cents = sums.get((kind, instrument), (0, 0))
        sums[kind, instrument] = count + 1, cents + payout.amount_cents
    return sums


def _sample(settings: Settings, console: Console) -> None:
    """Into a folder beside landing, which gets its name when it is whole: an interrupted demo begins it anew."""
    if any(settings.landing.iterdir()):
        console.print(f"the sample marketplace is there already: {settings.landing}")
        return
    unfinished = settings.landing.with_name("landing.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    with console.status("writing a sample marketplace"):
        summary = write_sample(unfinished, FIRST_DAY, LAST_DAY, ORDERS, SEED)
    unfinished.chmod(0o700)
    settings.landing.rmdir()
    unfinished.rename(settings.landing)
    console.print(
        f"sample marketplace: {summary.orders:,} orders, {summary.deliveries:,} deliveries, "
        f"{FIRST_DAY} to {LAST_DAY}, with the year before in one bulk delivery"
    )


def _report(console: Console, settings: Settings, outcome: RunOutcome) -> None:
    console.print(f"{outcome.first}..{outcome.last}: done in {outcome.seconds:.1f} s; ledger: {outcome.posting}")
    moved: dict[tuple[str, str], int] = {}
    head = Ledger.open(settings.ledger_url).head()
    for entry in Ledger.open(settings.ledger_url).entries(posting_no=head.posting_no):
        what = entry.instrument, entry.entry_type
        moved[what] = moved.get(what, 0) + entry.amount_cents
    for instrument, kinds in groupby(sorted(moved), key=lambda what: what[0]):
        told = ", ".join(f"{kind} {dollars(moved[instrument, kind])}" for _, kind in kinds)
        console.print(f"  {instrument}: {told}")


def _interesting_partner(settings: Settings) -> str:
    """The partner that lost most to clawbacks, else the one that is owed most."""
    clawed: dict[str, int] = {}
    owed_now: dict[str, int] = {}
    for entry in Ledger.open(settings.ledger_url).entries(program_id="tsp_daily_gmv_2025q4"):
        if entry.entry_type == "CLAWBACK":
            clawed[entry.beneficiary_id] = clawed.get(entry.beneficiary_id, 0) + entry.amount_cents
        owed_now[entry.beneficiary_id] = owed_now.get(entry.beneficiary_id, 0) + entry.amount_cents
    ranked = clawed or owed_now
    return max(sorted(ranked), key=lambda partner: ranked[partner])
