"""From the awards that dbt decided to the posting of a day: reading them, hashing what they rest on, checking the ledger.

Plain functions. Does not belong here: the posting rule (``ledger.posting``) or what is owed (``dbt_project/models/awards``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import duckdb

from orchestration.deliveries import DeliveryRecord, State, read_records
from orchestration.errors import RefusedError
from orchestration.ledger.chain import Head
from orchestration.ledger.cycle_search import no_cycle_search
from orchestration.ledger.entries import AWARDS, Award, AwardKey
from orchestration.ledger.ledger import Ledger, PostingResult
from orchestration.payouts.payouts import Payouts
from orchestration.programs import terms_hash
from orchestration.settings import Settings
from orchestration.window import Window

_SELECT_AWARDS = """
    select program_id, period, beneficiary_type, beneficiary_id, subject_id, component, instrument, amount_cents, stage
    from awards.incentive_awards
    order by all"""

_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Posted:
    """A day's posting and what the ledger's own checks then said, empty where it is sound."""

    result: PostingResult
    awards: int
    differences: tuple[str, ...]


@no_cycle_search()
def read_awards(connection: duckdb.DuckDBPyConnection) -> list[Award]:
    """The awards as of the run's day, in the order of their keys."""
    connection.execute(_SELECT_AWARDS)
    awards: list[Award] = []
    # What many awards name alike is held once: the driver makes every word of every row anew, twice the memory.
    words: dict[str, str] = {}
    once = words.setdefault
    while rows := connection.fetchmany(_ROWS_AT_ONCE):
        for program, period, kind, beneficiary, subject, component, instrument, cents, stage in rows:
            key = AwardKey(
                once(program, program),
                once(period, period),
                once(kind, kind),
                beneficiary,
                subject,
                once(component, component),
                once(instrument, instrument),
            )
            awards.append(Award(key, cents, once(stage, stage)))
    return awards


def awards_day(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The day as of which the candidates in the warehouse stand; None where there is none.

    A run that was killed before it came to them leaves those of the day before, beside its own window.
    """
    row = connection.execute("select max(as_of) from awards.award_candidates").fetchone()
    day: date | None = row[0] if row else None
    return day


def programs_without_history(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Programs whose baseline window has no counting line as known, so that nobody has an award (rulebook 1)."""
    rows = connection.execute(
        "select distinct program_id from awards.award_candidates where reason like 'no history%' order by program_id"
    ).fetchall()
    return [row[0] for row in rows]


def post_day(
    settings: Settings,
    window: Window,
    awards: list[Award],
    used_terms: dict[tuple[str, int], str],
    anchors: Iterable[Head],
) -> Posted:
    """Posts the awards as of the window's day, which stand on ``used_terms``, and checks the ledger against them (rulebook 3).

    RefusedError where the ledger was changed since the anchors were recorded: nothing is posted on such a ledger.
    """
    ledger, known = Ledger.open(settings.ledger_url), list(anchors)
    broken = [*ledger.verify(known), *Payouts.open(settings.ledger_url).faults()]
    if broken:
        raise RefusedError(
            f"the ledger is not as it was written: {broken[0]}; restore it, then run again, or do as README "
            "says where no newer ledger is left (Operations)"
        )
    records = list(read_records(settings))
    _require_own(settings, ledger, window.as_of, awards, records, known)
    result = ledger.post_awards(
        as_of=window.as_of,
        awards=awards,
        inputs_hash=inputs_hash(records, window.as_of),
        terms_hash=terms_hash(used_terms),
        used_terms=used_terms,
    )
    differences = (
        [] if result.deferred or result.as_of != ledger_day(ledger, window.as_of) else ledger.check_against(awards)
    )
    return Posted(result, len(awards), tuple(differences))


def _require_own(
    settings: Settings,
    ledger: Ledger,
    as_of: date,
    awards: list[Award],
    records: list[DeliveryRecord],
    anchors: Iterable[Head],
) -> None:
    """RefusedError where a home that has published none of a ledger's postings finds none that rests on its own deliveries.

    One whose awards are what is posted goes on all the same: deliveries that stop no day may have been mended after each posting.

    On the ledger of another home it would take back all that is owed there, and keep that home from posting until its own day.
    """
    if any(head.posting_no for head in anchors):
        return
    headers = [posting.header for posting in ledger.postings() if posting.header.kind == AWARDS]
    # One is enough, for a delivery that stops no day may be mended later. A first run that was killed once it had posted finds its
    # own posting, and any delivery of its days may have been mended since.
    is_first_again = [header.as_of for header in headers] == [as_of.isoformat()]
    due = [header for header in reversed(headers) if header.as_of <= as_of.isoformat()]
    is_own = any(one.inputs_hash == inputs_hash(records, date.fromisoformat(one.as_of)) for one in due)
    if headers and not is_first_again and not is_own and (not awards or ledger.check_against(awards)):
        raise RefusedError(
            f"nothing was posted: the ledger goes to {headers[-1].as_of}, by other deliveries than those of {settings.home}, "
            "which has published none of it; set INCENTIVES_LEDGER_URL to a ledger of its own, or, where this one is, put the "
            f"home back from a back-up or `incentives run --through {headers[-1].as_of}` first"
        )


def ledger_day(ledger: Ledger, as_of: date) -> date:
    """The day that the ledger answers for: the later of its last posting and the day asked for."""
    last = ledger.last_awards_day()
    return as_of if last is None else max(last, as_of)


def inputs_hash(records: Iterable[DeliveryRecord], as_of: date) -> str:
    """One hash over every file that was accepted up to a day, by feed, day and name; clocks stay out of it."""
    lines = [
        f"{record.feed}\x1f{record.landed_on}\x1f{file.name}\x1f{file.sha256}\n"
        for record in records
        if record.state is State.ACCEPTED and record.landed_on <= as_of
        for file in record.files
    ]
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
