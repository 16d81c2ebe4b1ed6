"""The life of a payout: its states, and which may follow on which (rulebook, section 4).

Does not belong here: who may take a step, and what it posts (``orchestration.payouts``).
"""

from __future__ import annotations

from typing import Final

from orchestration.ledger.entries import PAY, RETURN

PROPOSED: Final = "PROPOSED"
APPROVED: Final = "APPROVED"
EXPORTED: Final = "EXPORTED"
SETTLED: Final = "SETTLED"
FAILED: Final = "FAILED"
CANCELLED: Final = "CANCELLED"

NEXT_STATES: Final = {
    PROPOSED: (APPROVED, CANCELLED),
    APPROVED: (EXPORTED, CANCELLED),
    EXPORTED: (SETTLED, FAILED),
}
"""State → the states that may follow; the others are the end."""

STATES: Final = (PROPOSED, APPROVED, EXPORTED, SETTLED, FAILED, CANCELLED)

OPEN: Final = (PROPOSED, APPROVED)
"""States in which a payout awaits a decision, and no other of the same beneficiary and instrument may begin."""

STANDING: Final = (PROPOSED, APPROVED, EXPORTED, SETTLED)
"""States in which what the lines of a payout hold is spoken for; the money of the others is open again."""

POSTED_BY: Final = {EXPORTED: PAY, FAILED: RETURN}
"""State → the kind of posting that it stands with, in the same transaction."""
