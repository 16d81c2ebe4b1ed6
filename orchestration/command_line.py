"""The command ``incentives``: its arguments, and what it prints. No logic of its own (PUBLIC, Command line).

Errors end in one line and the exit code that they carry; whatever else comes through is a bug.
"""

from __future__ import annotations

import gc
import getpass
import json
import os
import signal
import sys
import warnings
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from data_contracts.feeds import FEEDS, Feed
from orchestration.adjust_commands import adjust_app
from orchestration.errors import IncentivesError, SettingsError
from orchestration.payout_commands import payouts_app
from orchestration.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Orders, referrals and livestreams of a marketplace, turned into money that is owed and paid, to the cent.",
)
explain_app = typer.Typer(
    no_args_is_help=True, help="Why an award, an entry or a payout is what it is, down to the order lines."
)
app.add_typer(explain_app, name="explain")
programs_app = typer.Typer(help="The programs of the deployment, and what their terms say.")
app.add_typer(programs_app, name="programs")
app.add_typer(payouts_app, name="payouts")
app.add_typer(adjust_app, name="adjust")
console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout and sys.stdout.isatty() else 120)

_INTERRUPTED = 130
"""What typer returns after Ctrl-C."""

_OBJECTS_BETWEEN_LOOKS = 50_000


@app.command()
def sample(
    out: Annotated[Path, typer.Option(help="the landing folder to write")],
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="day of the bulk delivery of history")
    ],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="last delivery day")],
    orders: Annotated[
        int, typer.Option(min=1, help="orders paid in the year of history and the year from --from")
    ] = 60_000,
    seed: Annotated[int, typer.Option(min=0)] = 1,
) -> None:
    """Writes a realistic synthetic marketplace in the landing layout: same arguments, same bytes."""
    from orchestration.sample import write_sample

    bar = Progress(
        TextColumn("sample"), BarColumn(), TextColumn("{task.completed}/{task.total} days"), TimeRemainingColumn()
    )
    with bar:
        task = bar.add_task("days", total=None)
        summary = write_sample(
            out,
            first.date(),
            last.date(),
            orders,
            seed,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    console.print(f"{out}: {summary}")


@app.command()
def run(
    through: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="last delivery day to process")],
    daily: Annotated[bool, typer.Option("--daily", help="post each day in turn instead of the last one only")] = False,
) -> None:
    """Processes every unprocessed delivery day up to a day and posts the ledger as of it: the job daily_incentives."""
    from orchestration.runs import RunOutcome, run_through

    def report(outcome: RunOutcome) -> None:
        span = f"{outcome.first}" if outcome.first == outcome.last else f"{outcome.first}..{outcome.last}"
        console.print(f"{span}: done in {outcome.seconds:.1f} s; ledger: {outcome.posting}")

    run_through(Settings.from_environment(), through.date(), daily, report)


@app.command()
def rebuild() -> None:
    """Makes movements and everything after them anew from the accepted rows; the ledger gets the difference, if any."""
    from orchestration.runs import rebuild as rebuild_all

    rebuild_all(
        Settings.from_environment(),
        lambda outcome: console.print(
            f"rebuilt through {outcome.last} in {outcome.seconds:.1f} s; ledger: {outcome.posting}"
        ),
    )


@app.command()
def contracts(
    feed: Annotated[str | None, typer.Argument(help="the feed whose contract to print; none lists all feeds")] = None,
) -> None:
    """What a feed's deliveries must look like: columns, rules, and an example that passes."""
    from orchestration.contract_view import all_feeds, one_feed

    console.print(all_feeds() if feed is None else one_feed(_feed(feed)))


@app.command()
def quarantine(
    feed: Annotated[str | None, typer.Argument(help="only this feed")] = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="only this delivery day")] = None,
) -> None:
    """What broke its contract, by feed, day and rule, with an example of each."""
    from orchestration.contract_view import what_broke
    from orchestration.quarantine import broken

    name = None if feed is None else _feed(feed).name
    console.print(what_broke(broken(Settings.from_environment(), name, day and day.date())))


@app.command()
def waive(
    feed: Annotated[str, typer.Argument(help="the feed of the refused delivery")],
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="its landed_on")],
    reason: Annotated[str, typer.Option(help="why it may count as empty")],
    by: Annotated[str, typer.Option(help="who decides")] = "",
) -> None:
    """Counts a refused delivery as empty, for a reason that is recorded."""
    from orchestration.deliveries import waive as waive_delivery
    from orchestration.home import prepare_home
    from orchestration.writer_lock import writer_lock

    known = _feed(feed)
    settings = Settings.from_environment()
    prepare_home(settings)
    with writer_lock(settings, f"incentives waive {feed} {day.date()}"):
        record = waive_delivery(settings, known, day.date(), reason, by or getpass.getuser())
    console.print(f"{record.name} counts as empty from now on: {record.waived_because} ({record.waived_by})")


@explain_app.command("award")
def explain_award(
    program: Annotated[str, typer.Argument(help="program_id")],
    beneficiary: Annotated[str, typer.Argument(help="id of the partner, member, creator or seller")],
    period: Annotated[str | None, typer.Option(help="only this period")] = None,
    subject: Annotated[str | None, typer.Option(help="only this subject")] = None,
    lines: Annotated[int, typer.Option(min=0, help="order lines to print; 0 prints all")] = 10,
) -> None:
    """Why an award is what it is, or why there is none, down to the order lines."""
    from orchestration.explanation import explain_award as explained

    console.print(explained(Settings.from_environment(), program, beneficiary, period, subject, lines))


@explain_app.command("entry")
def explain_entry(
    entry_no: Annotated[int, typer.Argument(help="number of the ledger entry")],
    lines: Annotated[int, typer.Option(min=0, help="order lines to print; 0 prints all")] = 10,
) -> None:
    """What a ledger entry moved, and why."""
    from orchestration.explanation import explain_entry as explained

    console.print(explained(Settings.from_environment(), entry_no, lines))


@explain_app.command("payout")
def explain_payout(
    payout_id: Annotated[str, typer.Argument(help="payout id, as `payouts list` names it")],
    lines: Annotated[int, typer.Option(min=0, help="order lines to print for each award; 0 prints all")] = 10,
) -> None:
    """Who took which step of a payout, and the awards and adjustments behind it."""
    from orchestration.payout_explanation import explain_payout as explained

    console.print(explained(Settings.from_environment(), payout_id, lines))


@programs_app.callback(invoke_without_command=True)
def programs(context: typer.Context) -> None:
    """Every program: its window, how far it is, what it owes so far, and who leads."""
    from orchestration.program_view import all_programs

    if context.invoked_subcommand is None:
        console.print(all_programs(Settings.from_environment()))


@programs_app.command("check")
def check_program(file: Annotated[Path, typer.Argument(help="a terms file, deployed or not")]) -> None:
    """Says what a terms file means, or what is wrong with it, in which line, and what to do."""
    from orchestration.program_view import checked

    console.print(checked(file, date.today()))


@programs_app.command("schema")
def program_schema() -> None:
    """Prints the JSON Schema of terms files, by which editors complete and check them."""
    from data_contracts.terms import editors_schema

    print(json.dumps(editors_schema(), indent=2))


@app.command()
def owed(
    top: Annotated[int, typer.Option(min=1, help="beneficiaries to name in each program")] = 10,
) -> None:
    """Who is owed what, by program."""
    from orchestration.explanation import owed as owed_now

    console.print(owed_now(Settings.from_environment(), top))


@app.command()
def statement(
    whose: Annotated[str, typer.Argument(metavar="TYPE:ID", help="the beneficiary, as PARTNER:p1")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="entries after this day; none begins with the ledger"),
    ] = None,
    since_posting: Annotated[
        int | None, typer.Option(min=1, help="entries after this posting, the one that the last statement ends with")
    ] = None,
    through: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="the last day of this one; none ends with the last processed day"),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="write it to this file instead")] = None,
) -> None:
    """What a beneficiary earned, by program, and why; what changed since the last statement, and which deliveries caused it."""
    from orchestration.files import replacing
    from orchestration.statement_view import shown, statement_csv
    from orchestration.statements import beneficiary_named
    from orchestration.statements import statement as stated

    told = stated(
        Settings.from_environment(),
        *beneficiary_named(whose),
        since and since.date(),
        through and through.date(),
        since_posting,
    )
    if csv is None:
        console.print(shown(told))
        return
    with replacing(csv) as temporary:
        temporary.write_bytes(statement_csv(told))
    console.print(f"{csv} is written", markup=False)


@app.command()
def bridge(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="the earlier day, a posted one")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="the later day, a posted one")],
    program: Annotated[str | None, typer.Option(help="only this program")] = None,
    beneficiary: Annotated[str | None, typer.Option(metavar="TYPE:ID", help="only this beneficiary")] = None,
    csv: Annotated[Path | None, typer.Option(help="write it to this file instead")] = None,
) -> None:
    """Why what is owed differs between two days: late orders, refunds, attributions, assignments, corrections, terms."""
    from orchestration.bridge import bridge as bridged
    from orchestration.bridge_view import bridge_csv, bridge_table
    from orchestration.files import replacing
    from orchestration.statements import beneficiary_named

    whose = beneficiary_named(beneficiary) if beneficiary else None
    settings = Settings.from_environment()
    told = bridged(settings, first.date(), last.date(), program, whose, lambda line: console.print(line, style="dim"))
    if csv is None:
        console.print(bridge_table(told, whose is not None))
        return
    with replacing(csv) as temporary:
        temporary.write_bytes(bridge_csv(told))
    console.print(f"{csv} is written", markup=False)


@app.command()
def journal(posting: Annotated[int, typer.Argument(help="number of the posting")]) -> None:
    """A posting's entries as CSV, on standard output."""
    from orchestration.journal import journal as written
    from orchestration.ledger.ledger import Ledger
    from orchestration.progress import Progress

    settings = Settings.from_environment()
    Progress.of_begun_home(settings)
    sys.stdout.buffer.write(written(Ledger.open(settings.ledger_url), posting))
    sys.stdout.buffer.flush()


@app.command()
def demo() -> None:
    """Takes a sample marketplace through a season in a home of its own, says who is owed what and why, and pays it there."""
    from orchestration.demo import demonstrate

    demonstrate(Settings.from_environment(), console)


@app.command()
def ui(port: Annotated[int, typer.Option(help="where the Dagster UI listens, on this machine")] = 3000) -> None:
    """Opens the Dagster UI, with its daemon, on the home."""
    from orchestration.home import prepare_home
    from orchestration.runs import end_orphans

    settings = Settings.from_environment()
    prepare_home(settings)
    waits = end_orphans(settings)
    console.print(f"home: {settings.home}{f' ({waits})' if waits else ''}", markup=False)
    # A shell starts background jobs deaf to interrupts, and Dagster would then be deaf to being terminated too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    dagster = str(Path(sys.executable).with_name("dagster"))
    os.execv(dagster, [dagster, "dev", "-m", "orchestration.definitions", "--port", str(port)])


@app.command()
def verify() -> None:
    """Walks the ledger's chain, recomputes balances, compares them with awards and served marts; exit 1 on any difference."""
    from orchestration.verification import verify as verified

    told = verified(Settings.from_environment())
    for line in told.passed:
        console.print(f"ok  {line}")
    if told.differences:
        raise IncentivesError("; ".join(told.differences))


@app.command()
def doctor(
    repair: Annotated[
        bool, typer.Option("--repair", help="rewrite the paths in served views and warehouse, after the home moved")
    ] = False,
) -> None:
    """Checks settings, versions, permissions, locks and free space, and says what to do."""
    from orchestration.acceptance import ensure_empty_part
    from orchestration.doctor import examine
    from orchestration.progress import Progress
    from orchestration.publication import write_views
    from orchestration.warehouse import rewrite_views
    from orchestration.writer_lock import writer_lock

    settings = Settings.from_environment()
    if repair:
        Progress.of_begun_home(settings)
        with writer_lock(settings, "incentives doctor --repair"):
            if settings.warehouse.exists():
                for feed in FEEDS.values():
                    ensure_empty_part(settings, feed)  # a view needs a file to read, be it without rows
                rewrite_views(settings)
            write_views(settings)
        console.print(f"ok  {settings.serving / 'marts.duckdb'} was rewritten")
    found = examine(settings)
    for line in found.sound:
        console.print(f"ok  {line}")
    if found.troubles:
        raise SettingsError("; ".join(found.troubles))


def main() -> None:
    """The entry point: runs the command and turns errors into one line and an exit code."""
    warnings.filterwarnings("ignore")
    # A command imports much that stays, and ends soon: to look for garbage after each 700 objects is a tenth of its time.
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)
    sys.exit(exit_code(_answer))


def _answer() -> Any:
    """Runs the command that the words say, once they are text: a byte that is none would break wherever it is printed."""
    for word in sys.argv[1:]:
        if not word.isascii() and any("\ud800" <= sign <= "\udfff" for sign in word):
            raise SettingsError(f"{ascii(word)} is no UTF-8 text; write it in the terminal's encoding")
    return app(standalone_mode=False)


def exit_code(command: Callable[[], Any]) -> int:
    """Runs a command; 0, or the exit code of the error that it printed as one line."""
    try:
        result = command()
        if result == _INTERRUPTED:
            return _say("interrupted; the same command finishes the job", _INTERRUPTED)
        return result if isinstance(result, int) else 0
    except IncentivesError as error:
        return _say(" ".join(str(error).split()), error.exit_code)
    except typer.TyperException as error:
        told = error.format_message()
        # No command was named: typer raises the help as an error.
        return _say(told, 2) if told.startswith("Usage:") else _say(" ".join(told.split()), 2)
    except PermissionError as error:
        return _say(f"{error.filename} may not be read or written: mend its permissions", 2)
    except OSError as error:
        return _say(
            f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}: free space or mend the place",
            2,
        )


def _feed(name: str) -> Feed:
    """The feed of that name; SettingsError names those there are."""
    if name not in FEEDS:
        raise SettingsError(f"{name} is no feed; the feeds are {', '.join(FEEDS)}")
    return FEEDS[name]


def _say(line: str, code: int) -> int:
    sys.stderr.write(f"incentives: {line}\n")
    return code
