"""Where everything stands and which business time zone holds: the settings of one deployment (PUBLIC.md, State).

Read from the environment once, handed on as a value. Does not belong here: reading or writing any of these places.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from orchestration.errors import SettingsError

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """The places and choices of one deployment; every path is absolute."""

    home: Path
    landing: Path
    programs: Path
    ledger_url: str
    time_zone: str
    first_day: date
    serving_group: str | None
    finance_group: str | None
    payout_days: tuple[int, ...] = (15,)
    """Days of the month on which a daily run proposes payouts; one that a month lacks is its last."""
    debtor: tuple[str, str, str] | None = None
    """Who pays cash, for payment files: name, account, bank."""
    head_copy: Path | None = None
    """A file on another disk, in which the ledger's head is recorded too when money moves."""
    memory: str = field(default_factory=lambda: f"{_physical_mib() * 6 // 10}MiB")
    """What the warehouse may hold in memory before it spills to disk; 60 % of the machine's where nothing is said."""

    @property
    def accepted(self) -> Path:
        """Accepted rows: ``<feed>/landed_on=D/*.parquet``."""
        return self.home / "accepted"

    @property
    def quarantine(self) -> Path:
        """Broken rows: ``<feed>/landed_on=D/*.parquet``."""
        return self.home / "quarantine"

    @property
    def deliveries(self) -> Path:
        """Delivery records, one JSON a feed and day: what was accepted, refused or waived."""
        return self.home / "deliveries"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that dbt builds; never served."""
        return self.home / "warehouse" / "warehouse.duckdb"

    @property
    def serving(self) -> Path:
        """The small file for BI and its versioned Parquet folders."""
        return self.home / "serving"

    @property
    def payouts(self) -> Path:
        """The files of exports: ``export-<posting>/*``."""
        return self.home / "payouts"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage."""
        return self.home / "dagster"

    @property
    def lock(self) -> Path:
        """The file whose lock the one writer holds."""
        return self.home / "writer.lock"

    @property
    def state(self) -> Path:
        """What the deployment is bound to and how far it has come, one JSON."""
        return self.home / "state.json"

    @classmethod
    def from_environment(cls) -> Settings:
        """The settings that the environment names; SettingsError where one cannot be."""
        environment = os.environ
        home = _folder("INCENTIVES_HOME", CHECKOUT / "var")
        head_copy = environment.get("INCENTIVES_HEAD_COPY")
        memory = environment.get("INCENTIVES_MEMORY")
        chosen = {"memory": _memory(memory)} if memory else {}
        return cls(
            home=home,
            landing=_folder("INCENTIVES_LANDING", home / "landing"),
            programs=_folder("INCENTIVES_PROGRAMS", CHECKOUT / "data_contracts" / "programs"),
            ledger_url=environment.get("INCENTIVES_LEDGER_URL") or f"sqlite:///{home / 'ledger' / 'ledger.sqlite'}",
            time_zone=_time_zone(environment.get("INCENTIVES_TIMEZONE") or "UTC"),
            first_day=_day("INCENTIVES_FIRST_DAY", environment.get("INCENTIVES_FIRST_DAY") or "2016-01-01"),
            serving_group=environment.get("INCENTIVES_SERVING_GROUP") or None,
            finance_group=environment.get("INCENTIVES_FINANCE_GROUP") or None,
            payout_days=_payout_days(environment.get("INCENTIVES_PAYOUT_DAYS") or "15"),
            debtor=_debtor(*(environment.get(f"INCENTIVES_DEBTOR_{part}", "").strip() for part in _DEBTOR)),
            head_copy=_elsewhere(head_copy, home) if head_copy else None,
            **chosen,
        )


_DEBTOR = ("NAME", "ACCOUNT", "AGENT")


def _folder(name: str, otherwise: Path) -> Path:
    return _path(name, os.environ.get(name) or str(otherwise))


def _path(name: str, text: str) -> Path:
    try:
        return Path(text).expanduser().resolve()
    except RuntimeError as error:
        raise SettingsError(f"{name} is {text!r}, which leads nowhere ({error}); write its path from / on") from error


def _elsewhere(text: str, home: Path) -> Path:
    """A file that is the same one wherever commands run, and that does not go when the home does."""
    if not text.startswith(("/", "~")):
        raise SettingsError(f"INCENTIVES_HEAD_COPY is {text!r}, another file in each folder; write its path from / on")
    path = _path("INCENTIVES_HEAD_COPY", text)
    if path.is_relative_to(home):
        raise SettingsError(f"INCENTIVES_HEAD_COPY is {path}, which is put back with the home; name a file elsewhere")
    return path


def _payout_days(text: str) -> tuple[int, ...]:
    days = [day.strip() for day in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,2}", day) and 1 <= int(day) <= 31 for day in days):
        raise SettingsError(f"INCENTIVES_PAYOUT_DAYS is {text!r}; write days of the month from 1 to 31, as 15 or 1,15")
    return tuple(sorted({int(day) for day in days}))


def _debtor(name: str, account: str, agent: str) -> tuple[str, str, str] | None:
    if not (name or account or agent):
        return None
    if not (name and account and agent):
        raise SettingsError(
            "of INCENTIVES_DEBTOR_NAME, INCENTIVES_DEBTOR_ACCOUNT and INCENTIVES_DEBTOR_AGENT some are set: set all"
        )
    return name, account, agent


def _memory(amount: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]*(\.[0-9]+)?[KMGT]i?B", amount):
        raise SettingsError(f"INCENTIVES_MEMORY is {amount!r}, which is no amount of memory; write it as 4GB or 4GiB")
    return amount


def _physical_mib() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(
            f"INCENTIVES_TIMEZONE is {name!r}, which is no IANA time zone; set a name like America/Los_Angeles"
        ) from error
    return name


def _day(setting: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{setting} is {text!r}, which is no date; write it as YYYY-MM-DD") from error
