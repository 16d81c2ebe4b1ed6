"""Preloaded by PYTHONPATH into the processes of a command: its clock is off, from the start or from a moment on.

``CAMPAIGN_CLOCK_DAYS`` says by how many days; ``CAMPAIGN_CLOCK_FROM`` names a file or folder, and the clock jumps once it is there.
It is the clock of Python's ``time``, of the product's modules and of Dagster; the kernel's own, and with it the times of files, is
not. Does not belong here: who wants it (``test_faults``).
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, tzinfo
from pathlib import Path

_SECONDS_A_DAY = 86_400
_time, _time_ns = time.time, time.time_ns


def seconds_off() -> int:
    """How far the clock is off now."""
    moment = os.environ.get("CAMPAIGN_CLOCK_FROM")
    is_off = moment is None or os.access(moment, os.F_OK)
    return int(os.environ["CAMPAIGN_CLOCK_DAYS"]) * _SECONDS_A_DAY if is_off else 0


class OffClock(datetime):
    """Stands in for ``datetime`` where only its clock is read."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.fromtimestamp(time.time(), tz)


def put_off() -> None:
    """Puts the clock off for all that reads it."""
    time.time = lambda: _time() + seconds_off()
    time.time_ns = lambda: _time_ns() + seconds_off() * 1_000_000_000
    if not any(Path(word).name == "incentives" for word in sys.orig_argv[1:2]):
        return
    import dagster._time

    from orchestration import daily_job, writer_lock
    from orchestration.ledger import append

    for module in (daily_job, writer_lock, append):
        module.datetime = OffClock  # type: ignore[attr-defined]
    dagster._time._mockable_get_current_datetime = lambda: OffClock.now(dagster._time.timezone.utc)
    dagster._time._mockable_get_current_timestamp = time.time


if "CAMPAIGN_CLOCK_DAYS" in os.environ:
    put_off()
