"""The restatement bridge: why what is owed as of one day is another amount as of a later one, every cent in exactly one class.

Between the two days classes of news are let in one after the other, and after each all awards are worked out again; what an award
changed by in a step is that class's. So old balance + classes = new balance for every award key, by construction; that the first
and the last are the ledger's own is checked, never forced. Where two classes decide together, as a refund and a late order at one
threshold, the order of steps gives the shared effect to the later one:

1. time: everything as known on the old day, looked at as of the new one: days that count by now, what settled (other corrections),
2. what lies beside sales: partners, ranks, lists, sessions, members, referrals, deals (other corrections),
3. assignments, which give shops and creators to a partner,
4. late orders: what sales came with until they were first known to be paid (``bridge_world.RowClass``),
5. refunds, which need their sale,
6. attributions that came after their sale,
7. later versions of orders, lines and redemptions, as a cancellation (other corrections),
8. terms: versions that came into force in between, on figures that stand.

Who may earn comes before sales, and what corrects sales after them, so that a sale is a late order for whom it is in the end, and
all else says what it did to what was there. Terms come last, as a change of prices is told on the new quantities. Does not belong
here: working out awards (``bridge_world``), showing a bridge (``bridge_view``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, case, cast, func, select

from data_contracts.terms import Program
from orchestration.bridge_world import BridgeWorld, RowClass, open_bridge_world
from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.accounts import MANUAL_PREFIX
from orchestration.ledger.entries import AWARDS, SIDES, AwardKey
from orchestration.ledger.postings import day_of
from orchestration.ledger.store import open_engine, reading, rows_of
from orchestration.ledger.tables import ENTRIES, POSTINGS, WHOLE
from orchestration.programs import checked_programs
from orchestration.progress import Progress
from orchestration.settings import Settings

PAYMENTS: Final = "payments"
"""What stands for a program in the line of a beneficiary's payments, which are of no program."""

_OWED: Final = ("pending", "payable")
_SIGNS: Final = {name: (credit in _OWED) - (debit in _OWED) for name, (debit, credit) in SIDES.items()}
"""Entry type → what it does to what is owed and not paid: the pending and the payable account together."""


class Changes(NamedTuple):
    """A balance and what became of it, in cents: old + all classes = new. ``of_which_time`` is a part of other corrections."""

    old: int = 0
    late_orders: int = 0
    refunds: int = 0
    attributions: int = 0
    assignments: int = 0
    other_corrections: int = 0
    terms: int = 0
    manual: int = 0
    paid: int = 0
    new: int = 0
    of_which_time: int = 0

    def plus(self, other: Changes) -> Changes:
        """Both together, part by part."""
        return Changes(*(mine + its for mine, its in zip(self, other, strict=True)))


CLASSES: Final = tuple(name for name in Changes._fields if name not in ("old", "new", "of_which_time"))
"""The classes of changes, in the order in which a bridge shows them."""


class Line(NamedTuple):
    """What became of one award key; an adjustment's program is ``manual:<reason>``, that of payments and returns ``payments``."""

    key: AwardKey
    changes: Changes


class GmvLine(NamedTuple):
    """What became of GMV of all paid days, as known: of a partner by a service (MATCHED: as the matching one), or of the whole
    market, where both are ''. ``measure``: gross or net."""

    partner_id: str
    service: str
    measure: str
    changes: Changes


@dataclass(frozen=True)
class Bridge:
    """From ``first`` to ``last``: every award key, adjustment and payment that either day has or that moved, in the order of keys.

    ``gmv`` is that of the same rows, the market first; ``old`` and ``new`` of it are as known on the days. ``program``: the one
    that was asked for alone.
    """

    first: date
    last: date
    lines: tuple[Line, ...]
    gmv: tuple[GmvLine, ...]
    program: str | None = None


def bridge(
    settings: Settings,
    first: date,
    last: date,
    program: str | None = None,
    beneficiary: tuple[str, str] | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Bridge:
    """The bridge from the balances as of ``first`` to those as of ``last``, both days for which awards were posted.

    ``program``: of its awards alone, without adjustments and payments, which are of no program; ``beneficiary``: type and id, of
    theirs alone. ``report`` is told each step as it begins. SettingsError for days that are no span of processed days and for an
    unknown program; RefusedError naming an award key of which the ledger says otherwise than what was known and in force.
    """
    _check_days(settings, first, last)
    programs = _asked(checked_programs(settings), program)
    standing = _Standing.read(settings, first, last)
    with open_bridge_world(settings, first, last) as world:
        steps = _Steps(world, programs, first, last, report)
        steps.walk()
    names = {one.program_id for one in programs}
    standing.check(steps.awards, names)
    lines = [Line(key, _changes(cents)) for key, cents in steps.awards.items() if any(cents)]
    if program is None:
        lines += standing.beside_awards()
    if beneficiary is not None:
        lines = [line for line in lines if (line.key.beneficiary_type, line.key.beneficiary_id) == beneficiary]
    gmv = [
        GmvLine(*name, _changes(cents))
        for name, cents in sorted(steps.gmv.items())
        if any(cents) or name[:2] == ("", "")
    ]
    return Bridge(first, last, tuple(sorted(lines)), tuple(gmv), program)


def totals(lines: Iterable[Line], by: Callable[[Line], tuple[str, ...]]) -> dict[tuple[str, ...], Changes]:
    """The sums of lines by what names them, in the order of names; instruments are never to be added together (rulebook)."""
    sums: dict[tuple[str, ...], Changes] = {}
    for line in lines:
        name = by(line)
        sums[name] = sums.get(name, Changes()).plus(line.changes)
    return dict(sorted(sums.items()))


def _check_days(settings: Settings, first: date, last: date) -> None:
    processed = Progress.of_begun_home(settings).processed_through
    if first >= last:
        raise SettingsError(f"a bridge goes from a day to a later one, not from {first} to {last}: swap the days")
    if first == date.min:  # Awards as of a day look at paid days before it.
        raise SettingsError(f"no calendar has a day before {first}: name a later day")
    if processed is None or last > processed:
        raise SettingsError(
            f"{last} is not processed yet, only through {processed}: `incentives run --through {last}`, or name an earlier day"
        )


def _asked(programs: Sequence[Program], name: str | None) -> list[Program]:
    asked = [program for program in programs if name in (None, program.program_id)]
    if not asked and name is not None:
        known = ", ".join(sorted(program.program_id for program in programs))
        raise SettingsError(f"there is no program {name}; the programs are {known}")
    return asked


def _in_force(program: Program, day: date) -> Program:
    """The program with the versions that came up to a day alone: its first one at least, since a beginning corrects nothing."""
    came = [version for version in program.versions if version.effective_from <= day]
    return program.model_copy(update={"versions": (came or list(program.versions))[: max(len(came), 1)]})


class _Steps:
    """The balance before the first step and after each, by award key (and GMV by its name): ``_TITLES`` says which is which."""

    _TITLES: Final = (
        "the old balance",
        "time",
        *(row_class.name.lower().replace("_", " ") for row_class in RowClass),
        "terms",
    )

    def __init__(
        self, world: BridgeWorld, programs: Sequence[Program], first: date, last: date, report: Callable[[str], None]
    ) -> None:
        self.awards: dict[AwardKey, list[int]] = {}
        self.gmv: dict[tuple[str, str, str], list[int]] = {}
        self._world = world
        self._programs = programs
        self._before = [_in_force(program, first) for program in programs]
        self._first = first
        self._last = last
        self._report = report

    def walk(self) -> None:
        """Takes every step in its order."""
        self._look(0, self._before, self._first)
        self._look(1, self._before, self._last)
        for step, row_class in enumerate(RowClass, start=2):
            if self._world.let_in(row_class):
                self._look(step, self._before, self._last)
            else:
                self._stay(step)
        if self._before == self._programs:
            self._stay(len(self._TITLES) - 1)
        else:
            self._look(len(self._TITLES) - 1, self._programs, self._last)

    def _look(self, step: int, programs: Sequence[Program], as_of: date) -> None:
        self._report(f"{step + 1} of {len(self._TITLES)}: {self._TITLES[step]}, as of {as_of}")
        for key, cents in self._world.awards(programs, as_of):
            self.awards.setdefault(key, [0] * len(self._TITLES))[step] = cents
        for partner_id, service, *cents_of in self._world.gmv():
            for measure, cents in zip(("gross", "net"), cents_of, strict=True):
                self.gmv.setdefault((partner_id, service, measure), [0] * len(self._TITLES))[step] = cents

    def _stay(self, step: int) -> None:
        for cents in (*self.awards.values(), *self.gmv.values()):
            cents[step] = cents[step - 1]


def _changes(cents: Sequence[int]) -> Changes:
    """What each step changed, from the balances before the first one and after each."""
    old, time, beside, assignments, orders, refunds, attributions, versions, new = cents
    return Changes(
        old=old,
        late_orders=orders - assignments,
        refunds=refunds - orders,
        attributions=attributions - refunds,
        assignments=assignments - beside,
        other_corrections=beside - old + versions - attributions,
        terms=new - versions,
        new=new,
        of_which_time=time - old,
    )


@dataclass(frozen=True)
class _Standing:
    """What the ledger says by key as of the two days, pending and payable together, and the days of its AWARDS postings."""

    first: date
    last: date
    balances: dict[AwardKey, tuple[int, int]]
    posted: tuple[date, ...]

    @classmethod
    def read(cls, settings: Settings, first: date, last: date) -> _Standing:
        """As of one moment of the ledger."""
        names = ("program_id", "period", "beneficiary_type", "beneficiary_id", "subject_id", "component", "instrument")
        key = [ENTRIES.c[name] for name in names]
        amount = case(
            {name: sign * ENTRIES.c.amount_cents for name, sign in _SIGNS.items()}, value=ENTRIES.c.entry_type, else_=0
        )
        until = case((POSTINGS.c.as_of <= first.isoformat(), amount), else_=0)
        statement = (
            select(*key, _summed(until), _summed(amount))
            .join_from(ENTRIES, POSTINGS, ENTRIES.c.posting_no == POSTINGS.c.posting_no)
            .where(POSTINGS.c.as_of <= last.isoformat())
            .group_by(*key)
        )
        days = select(POSTINGS.c.as_of).where(POSTINGS.c.kind == AWARDS).order_by(POSTINGS.c.as_of)
        with reading(open_engine(settings.ledger_url)) as connection:
            balances = {_key(row[:7]): (row[7], row[8]) for row in rows_of(connection, statement)}
            posted = tuple(day_of(day) for (day,) in rows_of(connection, days))
        return cls(first, last, balances, posted)

    def check(self, awards: dict[AwardKey, list[int]], programs: set[str]) -> None:
        """RefusedError naming the first key of these programs for which the ledger has another amount on one of the days."""
        keys = {key for key in self.balances if key.program_id in programs} | awards.keys()
        for key in sorted(keys):
            (old, new), cents = self.balances.get(key, (0, 0)), awards.get(key, [0])
            if old != cents[0]:
                raise self._refused(key, self.first, old, cents[0])
            if new != cents[-1]:
                raise self._refused(key, self.last, new, cents[-1])

    def _refused(self, key: AwardKey, day: date, said: int, found: int) -> RefusedError:
        told = f"as of {day} the ledger has {said} cents under {key}, what was known and in force makes {found}"
        if day in self.posted:
            return RefusedError(
                f"{told}: terms or rules were added to since that day was posted; bridge from a day posted since"
            )
        earlier = [posted for posted in self.posted if posted < day][-1:]
        later = [posted for posted in self.posted if posted > day][:1]
        days = " or ".join(str(posted) for posted in earlier + later) or "none yet"
        return RefusedError(
            f"{told}: no posting was made for that day, as for the days within a range; name a posted one ({days})"
        )

    def beside_awards(self) -> Iterator[Line]:
        """Adjustments and payments, each change in its own class."""
        for key, (old, new) in self.balances.items():
            if (old or new) and key.program_id == PAYMENTS:
                yield Line(key, Changes(old=old, paid=new - old, new=new))
            elif (old or new) and key.program_id.startswith(MANUAL_PREFIX):
                yield Line(key, Changes(old=old, manual=new - old, new=new))


def _summed(amount: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.sum(amount), WHOLE)


def _key(row: Sequence[str | None]) -> AwardKey:
    """Payments have no award key: their program is said in a word, and the rest is empty."""
    if row[0] is None:
        return AwardKey(PAYMENTS, "", *(part or "" for part in row[2:]))
    return AwardKey(*(part or "" for part in row))
