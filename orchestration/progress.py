"""How far a deployment has come, and the time zone it is bound to: one small JSON in the home.

``processed_through`` moves when a run has published: whatever stands before it is closed. Does not belong here: single
deliveries (``deliveries``) or what a run is about to do (``window``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from orchestration.errors import SettingsError
from orchestration.files import write_text
from orchestration.settings import Settings


@dataclass(frozen=True)
class Progress:
    """``earliest``: the first delivery day of any feed; ``processed_through``: the last day whose run was published.

    ``closed``: what the days through it brought, by feed (``closed_days``); None where an earlier version wrote the record.
    """

    time_zone: str
    earliest: date | None = None
    processed_through: date | None = None
    closed: dict[str, str] | None = None

    @classmethod
    def load(cls, settings: Settings) -> Progress:
        """What the home records; SettingsError where it is broken, or another time zone is set than the one it is bound to."""
        if not settings.state.exists():
            return cls(time_zone=settings.time_zone)
        try:
            found = cls.recorded(settings.state.read_text(encoding="utf-8"))
        except (ValueError, TypeError, KeyError) as error:
            raise SettingsError(
                f"{settings.state} is not the record that was written there: put it back from a back-up"
            ) from error
        if found.time_zone != settings.time_zone:
            raise SettingsError(
                f"INCENTIVES_TIMEZONE is {settings.time_zone}, but {settings.home} was begun with "
                f"{found.time_zone}; set it back, or begin a new home"
            )
        return found

    @classmethod
    def recorded(cls, text: str) -> Progress:
        """What was recorded as this text; ValueError, TypeError or KeyError where it is no such record."""
        content = json.loads(text)
        if not isinstance(content["time_zone"], str) or not isinstance(content.get("closed_days", {}), dict | None):
            raise TypeError("a time zone has a name, and closed days have hashes by feed")
        days = _day(content["earliest"]), _day(content["processed_through"])
        return cls(content["time_zone"], *days, content.get("closed_days"))

    @classmethod
    def of_begun_home(cls, settings: Settings) -> Progress:
        """What the home records; SettingsError where nothing was ever processed in it, so that reading makes no folder."""
        if not settings.state.exists():
            raise SettingsError(
                f"nothing was processed in {settings.home} yet: check INCENTIVES_HOME, or `incentives run --through DAY`"
            )
        return cls.load(settings)

    def save(self, settings: Settings) -> None:
        """Replaces the record in one step."""
        write_text(settings.state, self.text())

    def text(self) -> str:
        """The record as JSON."""
        content = {
            "time_zone": self.time_zone,
            "earliest": self.earliest and self.earliest.isoformat(),
            "processed_through": self.processed_through and self.processed_through.isoformat(),
            "closed_days": self.closed,
        }
        return json.dumps(content, indent=2) + "\n"


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
