"""The accounts that entries move money between, by name (rulebook, section 3).

An account holds one balance per instrument, credits less debits. Does not belong here: which entry uses which account.
"""

from __future__ import annotations

from typing import Final, Literal

Role = Literal["program", "pending", "payable", "settled", "manual"]

MANUAL_PREFIX: Final = "manual:"


def account(role: Role, program_id: str | None, beneficiary_type: str, beneficiary_id: str) -> str:
    """The account of one role for an entry's key; a manual entry's program_id is itself ``manual:<reason>``."""
    if role == "program":
        return f"program:{program_id}"
    if role == "manual":
        return program_id or MANUAL_PREFIX
    return f"{role}:{beneficiary_type}:{beneficiary_id}"


def account_sql(role: Role) -> str:
    """The same name as an SQL expression over an entry's columns, for the store's own checks."""
    if role == "program":
        return "'program:' || program_id"
    if role == "manual":
        return "program_id"
    return f"'{role}:' || beneficiary_type || ':' || beneficiary_id"
