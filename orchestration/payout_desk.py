"""Paying from a deployment: what a command or a run hands to ``payouts`` from the home, and what must be sound before.

Does not belong here: any rule of payouts, and what commands print.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from orchestration.accepted_rows import check_rows_kept
from orchestration.awards import read_awards
from orchestration.closed_days import check_not_behind, check_same_history, require_same_deliveries
from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.adjustments import Adjustment, Adjustments, Request, own, require_request
from orchestration.ledger.entries import CHARGE
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.people import person
from orchestration.payouts.exports import foreign_files, write_missing
from orchestration.payouts.lost_exports import charges_of
from orchestration.payouts.lost_payments import LOST_PAYMENT, charging, doubtful, require_lost, uncharged
from orchestration.payouts.payees import is_known, payees_as_known
from orchestration.payouts.payment_files import CONTROL, Debtor
from orchestration.payouts.payouts import Export, Payouts
from orchestration.payouts.proposals import Payee, Proposal, Unpaid
from orchestration.payouts.records import Payout
from orchestration.progress import Progress
from orchestration.recorded_heads import record_head, recorded_heads, require_heads_held
from orchestration.settings import Settings
from orchestration.warehouse import is_built, open_warehouse, read_window, require_own_rows
from orchestration.writer_lock import writer_lock


def is_payout_day(settings: Settings, day: date) -> bool:
    """Whether daily runs propose payouts on a day; a day that the month lacks is its last."""
    last = monthrange(day.year, day.month)[1]
    return day.day in {min(wanted, last) for wanted in settings.payout_days}


def processed_day(settings: Settings) -> date:
    """The day as of which balances stand; SettingsError where no day was processed yet."""
    day = Progress.of_begun_home(settings).processed_through
    if day is None:
        raise SettingsError("no day was processed yet, so nothing can be paid; use `incentives run`")
    return day


def payouts_of(settings: Settings) -> Payouts:
    """The payouts of a home; SettingsError where nothing was processed in it, so that a mistyped one gets no ledger."""
    Progress.of_begun_home(settings)
    return Payouts.open(settings.ledger_url)


def payouts_to_change(settings: Settings) -> Payouts:
    """The payouts of a home, to take a step; RefusedError where the ledger is not the one that it last published or paid from."""
    _require_own_ledger(settings)
    return payouts_of(settings)


def reject_adjustment(settings: Settings, adjustment_id: str, by: str) -> Adjustment:
    """Ends a request; RefusedError as ``payouts_to_change``."""
    _require_own_ledger(settings)
    return adjustments_of(settings).reject(adjustment_id, by)


def adjustments_of(settings: Settings) -> Adjustments:
    """The adjustments of a home; SettingsError as ``payouts_of``."""
    Progress.of_begun_home(settings)
    return Adjustments.open(settings.ledger_url)


def propose(settings: Settings, by: str) -> tuple[date, list[Proposal | Unpaid]]:
    """Proposes payouts as of the last processed day; BusyError while a run is at work."""
    name = person(by)
    with _begun_and_alone(settings, "incentives payouts propose"):
        day = processed_day(settings)
        require_sound(settings)
        require_posted(settings)
        return day, Payouts.open(settings.ledger_url).propose(day, _payees(settings, day), name)


def export(settings: Settings, by: str) -> tuple[Export, list[Path]]:
    """Pays what is approved and writes the files, also those that an interrupted export left out; BusyError while a run is at work.

    The head is recorded beside the files, so that a ledger restored from before the export cannot pay again.
    """
    with _begun_and_alone(settings, "incentives payouts export"):
        day = processed_day(settings)
        require_sound(settings)
        require_posted(settings)
        _require_no_charge_waits(settings)
        payouts = Payouts.open(settings.ledger_url)
        debtor = Debtor(*settings.debtor) if settings.debtor else None
        done = payouts.export(day, _payees(settings, day), debtor, by)
        # Before the files: none is ever handed out by an export that a restored ledger could have forgotten.
        record_head(settings)
        written = write_missing(settings, payouts.files())
    return done, written


def fail(settings: Settings, payout_ids: Sequence[str], by: str, reason: str) -> list[Payout]:
    """Posts that the money of exported payouts came back; BusyError while a run is at work."""
    with _begun_and_alone(settings, "incentives payouts fail"):
        day = processed_day(settings)
        require_sound(settings)
        done = Payouts.open(settings.ledger_url).fail(payout_ids, by, reason, day)
        record_head(settings)
    return done


def ask_adjustment(settings: Settings, request: Request, by: str) -> Adjustment:
    """Records what somebody asks for; SettingsError where no such beneficiary was delivered, nor is in the ledger.

    RefusedError where the ledger is not the home's, or a lost payment counts already; BusyError while a run is at work.
    """
    require_request(request)
    name = person(by)
    with _begun_and_alone(settings, "incentives adjust"):
        _require_own_ledger(settings)
        _require_known(settings, request.beneficiary_type, request.beneficiary_id)
        adjustments = Adjustments.open(settings.ledger_url)
        if (request.entry_type, request.reason) == (CHARGE, LOST_PAYMENT):
            require_lost(request, name, adjustments.all(), Payouts.open(settings.ledger_url).payouts())
        return adjustments.ask(request, name)


def charge_lost(settings: Settings, kept: Path, by: str) -> list[Adjustment]:
    """Asks, once, to charge each payment of a kept ``payouts`` folder whose export the ledger lost.

    All charges of these payments as they stand now. RefusedError where the ledger is not the home's; BusyError while a run is at
    work.
    """
    with _begun_and_alone(settings, "incentives adjust charge-lost"):
        _require_own_ledger(settings)
        known = {sha256 for _, name, sha256, _ in Payouts.open(settings.ledger_url).files() if name == CONTROL}
        adjustments, charges = Adjustments.open(settings.ledger_url), charges_of(kept, known)
        adjustments.ask_all(uncharged(charges, adjustments.all()), by)
        return charging(charges, adjustments.all())


def approve_adjustments(settings: Settings, adjustment_ids: Sequence[str], by: str) -> list[Adjustment]:
    """Posts adjustments, all or none; BusyError while a run is at work."""
    with _begun_and_alone(settings, "incentives adjust approve"):
        return _approve(settings, adjustment_ids, by)


def approve_all_of(settings: Settings, reason: str, by: str) -> tuple[list[Adjustment], dict[str, str]]:
    """Posts all adjustments of a reason that wait; they, and those that were left since they are own or doubtful, id → why.

    SettingsError where none waited; BusyError while a run is at work.
    """
    name = person(by)
    with _begun_and_alone(settings, "incentives adjust approve"):
        standing = adjustments_of(settings).all()
        waited = [one for one in standing if one.request.reason == reason and one.decision is None]
        left = own(waited, name) | doubtful(waited, standing, Payouts.open(settings.ledger_url).payouts())
        # Also where none is chosen, as after a crash: what was posted then is recorded now.
        done = _approve(settings, [one.adjustment_id for one in waited if one.adjustment_id not in left], name)
        if not waited:
            raise SettingsError(f"no adjustment of reason {ascii(reason)} waits; `incentives adjust list` names all")
        return done, left


def _approve(settings: Settings, adjustment_ids: Sequence[str], by: str) -> list[Adjustment]:
    day = processed_day(settings)
    require_sound(settings)
    done = Adjustments.open(settings.ledger_url).approve(adjustment_ids, by, day)
    record_head(settings)
    return done


def _require_own_ledger(settings: Settings) -> None:
    Progress.of_begun_home(settings)
    require_heads_held(settings)


def require_sound(settings: Settings) -> None:
    """RefusedError naming what is wrong: nothing is paid from a ledger, or beside files, that are not as they were written."""
    payouts = Payouts.open(settings.ledger_url)
    faults = [
        *Ledger.open(settings.ledger_url).verify(recorded_heads(settings)),
        *payouts.faults(),
        *Adjustments.open(settings.ledger_url).faults(),
    ]
    faults += foreign_files(settings, payouts.files())
    if faults:
        raise RefusedError(f"nothing was done, since {faults[0]}; `incentives verify` lists all")


def require_posted(settings: Settings) -> None:
    """RefusedError where the ledger says otherwise than the awards of the last run: payouts wait until they are posted.

    Also where ledger, warehouse or accepted rows stand as of another day than the home, as where one of them was put back from a
    back-up alone: whom it would pay is not known here.
    """
    day, ledger = processed_day(settings), Ledger.open(settings.ledger_url)
    check_rows_kept(settings, day)
    progress = Progress.load(settings)
    check_same_history(settings, progress)
    with open_warehouse(settings, read_only=True) as connection:
        differences, built = unposted(settings, connection), read_window(connection).as_of
        # A run that failed before it had built all models keeps no payout of the day before.
        is_ahead = built > day and is_built(connection) is not False
        if built == day:
            require_same_deliveries(connection, settings)
    if differences:
        raise RefusedError(
            f"nothing was done, since the ledger differs from the awards ({differences[0]}): run the next day, which posts them"
        )
    if is_ahead:
        raise RefusedError(
            f"nothing was done, since {settings.warehouse} stands as of {built} and {settings.home} was processed through {day}: "
            f"`incentives run --through {built}` first"
        )
    if built < day:
        raise RefusedError(
            f"nothing was done, since {settings.warehouse} stands as of {built} and {settings.home} was processed through {day}: "
            "`incentives rebuild` first, which brings the payees of that day"
        )
    days = [posting.header.as_of for posting in ledger.postings()]
    days += [payout.day.isoformat() for payout in Payouts.open(settings.ledger_url).payouts()]
    if (last := max(days, default="")) > day.isoformat():
        raise RefusedError(
            f"nothing was done, since the ledger goes to {last} and {settings.home} was processed through {day}: "
            f"`incentives run --through {last}` first, which brings the payees of that day"
        )
    check_not_behind(settings, progress)


def _require_no_charge_waits(settings: Settings) -> None:
    """RefusedError where a lost payment was not charged yet: its balance would be paid again."""
    waiting = [one.request[:2] for one in adjustments_of(settings).all() if one.decision is None]
    if (CHARGE, LOST_PAYMENT) in waiting:
        raise RefusedError(
            "nothing was done, since charges of lost payments wait: `incentives adjust approve --all-of "
            f"{LOST_PAYMENT}`, which says what to do with each that it leaves"
        )


def unposted(settings: Settings, connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Where the ledger says otherwise than the awards in the warehouse, a sentence a key: what waits for the next posting."""
    return Ledger.open(settings.ledger_url).check_against(read_awards(connection))


def unpaid(settings: Settings) -> list[Unpaid]:
    """The balances that would get no payout now, and why."""
    with _begun_and_alone(settings, "incentives payouts list"):
        day = processed_day(settings)
        return Payouts.open(settings.ledger_url).unpaid(day, _payees(settings, day))


def payouts_in(settings: Settings, states: Collection[str]) -> list[str]:
    """The ids of all payouts that stand in one of these states."""
    return [payout.payout_id for payout in payouts_of(settings).payouts() if payout.state in states]


def _require_known(settings: Settings, beneficiary_type: str, beneficiary_id: str) -> None:
    """SettingsError where a beneficiary was never delivered, nor anything posted for it: a deal's seller may have no record."""
    found = Ledger.open(settings.ledger_url).entries(beneficiary_type=beneficiary_type, beneficiary_id=beneficiary_id)
    if next(found, None) is not None:
        return
    day = processed_day(settings)
    with open_warehouse(settings, read_only=True) as connection:
        if not is_known(connection, beneficiary_type, beneficiary_id, day):
            whose = ascii(f"{beneficiary_type}:{beneficiary_id}")[1:-1]
            raise SettingsError(f"nobody was delivered as {whose} up to {day}; check the id")


@contextmanager
def _begun_and_alone(settings: Settings, command: str) -> Iterator[None]:
    """The writer's lock, which is made in no home that was never begun."""
    Progress.of_begun_home(settings)
    with writer_lock(settings, command):
        yield


def _payees(settings: Settings, day: date) -> dict[tuple[str, str], Payee]:
    with open_warehouse(settings, read_only=True) as connection:
        require_own_rows(connection, settings)
    return payees_as_known(settings, day)
