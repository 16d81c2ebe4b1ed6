"""A column of a feed: its name, its kind of value, and what may stand in it.

Belongs here: the kinds of values that LANDING.md ("Values") knows and the type each has once accepted.
Does not belong here: which feed has which columns (``feeds``) or how text becomes a value (``values``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a column holds; after acceptance amounts are whole cents and times are UTC microseconds."""

    TEXT = "text"
    MONEY = "money"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TIME = "time"
    DATE = "date"


SQL_TYPES: dict[Kind, str] = {
    Kind.TEXT: "varchar",
    Kind.MONEY: "bigint",
    Kind.INTEGER: "bigint",
    Kind.BOOLEAN: "boolean",
    Kind.TIME: "timestamp with time zone",
    Kind.DATE: "date",
}


@dataclass(frozen=True)
class Column:
    """One column of a feed.

    ``minimum`` and ``maximum`` bound integers as they stand and money in cents, both ends included. ``values`` is the
    closed list of an enumeration. ``forbidden_prefix`` is text that a value must not start with. ``not_in_future``
    marks the times that may not lie past 00:00 UTC of landed_on + 2 days (LANDING, Values).
    """

    name: str
    kind: Kind
    description: str
    required: bool = True
    minimum: int | None = None
    maximum: int | None = None
    values: tuple[str, ...] = ()
    enum_rule: str = "enum"
    forbidden_prefix: str | None = None
    not_in_future: bool = False

    @property
    def accepted_name(self) -> str:
        """The column's name in accepted rows: money says its unit."""
        return f"{self.name}_cents" if self.kind is Kind.MONEY else self.name

    @property
    def sql_type(self) -> str:
        """The SQL type of the column in accepted rows."""
        return SQL_TYPES[self.kind]
