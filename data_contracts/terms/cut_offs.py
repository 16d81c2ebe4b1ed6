"""What holds for each period of a program on an as-of day: stage, version and cut-offs (RULEBOOK 1, 2, 2.1, 2.2).

Pure calendar arithmetic. Does not belong here: anything that was delivered, except the day of the first delivery.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from data_contracts.terms.program import Period, Program

ONE_DAY = timedelta(1)


@dataclass(frozen=True)
class PeriodTerms:
    """One period of one program at one as-of day D; a date is None where the kind knows no such day.

    ``has_begun`` is False where D makes no award: before the first day, or before the first delivery day L₀.
    ``settle_on``, ``freeze_on`` and ``stage`` are None where awards settle case by case, which have ``close_on``.
    ``version_no`` is None before the first version. ``counted_through`` may lie before ``first_day``: no counted day.
    ``ranked_…`` is what ranks are drawn with, None where the kind draws none; ``baseline_…`` what is before the window is cut at.
    ``is_…_read_as_first_delivery`` say that the cut-off was before L₀ and is L₀ instead.
    """

    program_id: str
    kind: str
    period: str
    first_day: date
    last_day: date
    settle_on: date | None
    freeze_on: date | None
    close_on: date | None
    stage: str | None
    version_no: int | None
    has_begun: bool
    known_through: date
    is_cut_off_read_as_first_delivery: bool
    counted_through: date | None
    ranked_known_through: date | None
    ranked_version_no: int | None
    is_ranked_cut_off_read_as_first_delivery: bool
    baseline_freeze_on: date | None
    baseline_known_through: date | None
    is_baseline_cut_off_read_as_first_delivery: bool


def period_terms(program: Program, as_of: date, first_delivery: date | None) -> list[PeriodTerms]:
    """One row a period of ``program``, in their order, as of ``as_of``.

    ``first_delivery`` is L₀, the first accepted delivery day of orders; None while there is none.
    """
    return [_period_terms(program, period, as_of, first_delivery) for period in program.periods()]


def _period_terms(program: Program, period: Period, as_of: date, first_delivery: date | None) -> PeriodTerms:
    close_on = program.close_on
    settle_on = period.last_day + timedelta(program.hold_days)
    freeze_on = period.last_day + timedelta(program.clawback_days)
    settles_by_period = close_on is None
    last_cut_off = close_on or freeze_on
    known_through, is_read_as_first = _cut_off(last_cut_off, as_of, first_delivery)

    drawn_on = min(as_of, settle_on)
    ranked_known_through, is_ranked_read_as_first = _cut_off(settle_on, as_of, first_delivery)
    baseline_freeze_on = program.baseline_freeze_on(period)
    baseline_known_through, is_baseline_read_as_first = _cut_off(
        baseline_freeze_on or last_cut_off, as_of, first_delivery
    )

    return PeriodTerms(
        program_id=program.program_id,
        kind=program.kind,
        period=period.period,
        first_day=period.first_day,
        last_day=period.last_day,
        settle_on=settle_on if settles_by_period else None,
        freeze_on=freeze_on if settles_by_period else None,
        close_on=close_on,
        stage=("PROVISIONAL" if as_of < settle_on else "FINAL") if settles_by_period else None,
        version_no=program.version_in_force(min(as_of, last_cut_off)),
        has_begun=first_delivery is not None and as_of >= max(period.first_day, first_delivery),
        known_through=known_through,
        is_cut_off_read_as_first_delivery=is_read_as_first,
        counted_through=min(as_of - ONE_DAY, period.last_day) if program.counts_paid_days else None,
        ranked_known_through=ranked_known_through if program.draws_ranks else None,
        ranked_version_no=program.version_in_force(drawn_on) if program.draws_ranks else None,
        is_ranked_cut_off_read_as_first_delivery=program.draws_ranks and is_ranked_read_as_first,
        baseline_freeze_on=baseline_freeze_on,
        baseline_known_through=baseline_known_through if baseline_freeze_on else None,
        is_baseline_cut_off_read_as_first_delivery=baseline_freeze_on is not None and is_baseline_read_as_first,
    )


def _cut_off(last_day: date, as_of: date, first_delivery: date | None) -> tuple[date, bool]:
    """The day through which is known, and whether it was before the first delivery and is read as that.

    An as-of day before the first delivery stays as it is: nothing is known then, and a cut-off never lies past it.
    """
    cut_off = min(as_of, last_day)
    if first_delivery is not None and cut_off < first_delivery <= as_of:
        return first_delivery, True
    return cut_off, False
