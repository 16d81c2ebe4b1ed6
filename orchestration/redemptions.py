"""The redemptions on which the cost of a funded deal rests, each costed again in plain Python (RULEBOOK 2.9).

Does not belong here: what a deal's budget leaves of the cost (``second_opinion``), or the SQL of either (dbt).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.candidates import Candidate

_REDEMPTIONS = """
    select redemption_id, redeemed_at, order_line_id, discount_amount_cents, platform_share_bps, gross_cents, net_cents,
        restored, is_within_deal, is_invited, seller_id = deal_seller_id
    from subjects.redeemed_lines
    where program_id = ? and period = ? and deal_id = ?
    order by redeemed_at, redemption_id"""


@dataclass(frozen=True)
class Redemption:
    """One redemption of a month, with its line's gross and net in cents, None where the line does not count."""

    redemption_id: str
    redeemed_at: datetime
    order_line_id: str
    discount_cents: int
    platform_share_bps: int
    gross_cents: int | None
    net_cents: int | None
    restored: bool
    is_within_deal: bool
    is_invited: bool
    is_of_the_shop: bool | None

    @property
    def refusal(self) -> str:
        """Why it costs nothing; empty where it counts."""
        if self.restored:
            return "restored"
        if not self.is_within_deal:
            return "outside the deal's time"
        if not self.gross_cents or self.net_cents is None:
            return "its line does not count"
        if not self.is_of_the_shop:
            return "a line of another shop"
        return "" if self.is_invited else "the shop is not invited"

    @property
    def cost_cents(self) -> int:
        """The platform's share of the discount, less what of the line was reversed; each division floored."""
        if self.refusal or not self.gross_cents or self.net_cents is None:
            return 0
        return self.discount_cents * self.platform_share_bps // 10_000 * self.net_cents // self.gross_cents


def redemptions_of(connection: duckdb.DuckDBPyConnection, candidate: Candidate) -> list[Redemption]:
    """The redemptions of a deal in a month, as known at its cut-off, in the order in which they draw on the budget."""
    key = [candidate.program_id, candidate.period, candidate.subject_id]
    return [Redemption(*row) for row in connection.execute(_REDEMPTIONS, key).fetchall()]
