"""What the campaigns disturb: commands on a small world in which every step of a run has work, each from its own state.

The golden world with what it leaves out: creators, members and invitations, livestreams and videos, advertising, a deal, rows
that break their contract, and one more day that corrects earlier ones. Does not belong here: how it is disturbed, or what must
stand then.
"""

from __future__ import annotations

from dataclasses import dataclass

from deployment import Deployment
from end_to_end.golden_world import DELIVERIES, LINES, ORDERS, PROGRAM, line, order

LAST_DAY = "2025-10-05"
PROGRAMS = (PROGRAM, "referral_2025q4")

LIVES = "live_id,seller_id,creator_id,started_at,ended_at,viewers,title,hashtags,updated_at\n"
VIDEOS = "video_id,creator_id,posted_at,views,title,hashtags,updated_at\n"
EVENTS = "event_id,event_type,referee_id,referrer_id,referral_code,clicked_at,occurred_at\n"
REFUNDS = (
    "refund_id,order_id,order_line_id,kind,quantity,amount,platform_discount_reversed,status,completed_at,"
    "supersedes_refund_id,updated_at\n"
)
ATTRIBUTIONS = (
    "order_line_id,order_id,content_type,content_id,creator_id,target_collaboration_id,"
    "matched_by_partner_id,updated_at\n"
)
ASSIGNMENTS = "assignment_id,partner_id,subject_type,subject_id,service,valid_from,valid_to,updated_at\n"

MORE: dict[tuple[str, str], str] = {
    ("creators", "2025-09-10"): (
        "creator_id,username,payee_id,tax_form_on_file,updated_at\nCR1,carla,PAYEE2,true,2025-09-01T00:00:00Z\n"
    ),
    ("members", "2025-09-10"): (
        "member_id,signed_up_at,country,is_employee,updated_at\n"
        "ANN,2025-01-01T00:00:00Z,US,false,2025-09-01T00:00:00Z\n"
        "B7,2025-10-02T11:00:00Z,US,false,2025-09-01T00:00:00Z\n"
        "B5,2025-10-02T10:00:00Z,US,false,2025-09-01T00:00:00Z\n"
    ),
    ("referral_events", "2025-10-02"): EVENTS
    + "E1,SIGNUP,B5,ANN,CODE1,2025-10-02T09:00:00Z,2025-10-02T10:00:00Z\n"
    + "E3,SIGNUP,B7,ANN,CODE1,2025-10-02T09:00:00Z,2025-10-02T11:00:00Z\n"
    # A sign-up says who invited.
    + "E2,SIGNUP,B4,,CODE1,2025-10-02T09:00:00Z,2025-10-02T10:00:00Z\n",
    ("live_sessions", "2025-10-03"): LIVES
    + "LIVE9,B,CR1,2025-10-02T20:00:00Z,2025-10-02T23:00:00Z,100,Tonight,#sale,2025-10-03T00:00:00Z\n",
    ("short_videos", "2025-10-03"): VIDEOS + "VIDEO1,CR1,2025-10-01T20:00:00Z,10,,#sale,2025-10-03T00:00:00Z\n",
    ("ad_spend", "2025-10-03"): (
        "seller_id,spend_on,cash_spend,credit_spend,attributed_gmv,updated_at\n"
        "A,2025-10-02,100.00,20.00,900.00,2025-10-03T00:00:00Z\n"
    ),
    ("deals", "2025-10-02"): (
        "deal_id,seller_id,kind,platform_share_bps,budget_amount,starts_at,ends_at,updated_at\n"
        "D1,A,COUPON,5000,1000.00,2025-10-01T00:00:00Z,2025-11-01T00:00:00Z,2025-10-01T00:00:00Z\n"
    ),
    ("deal_redemptions", "2025-10-03"): (
        "redemption_id,deal_id,order_line_id,order_id,discount_amount,redeemed_at,restored,updated_at\n"
        "X1,D1,O5-1,O5,10.00,2025-10-03T10:00:00Z,false,2025-10-03T10:00:00Z\n"
    ),
    # The last day: a sale, one line that is none, a sale that another video made, the invited member's money back,
    # a shop that leaves its partner, and a livestream and a video that go on.
    ("orders", "2025-10-05"): ORDERS + order("O7", "B7", "2025-10-04T20:00:00Z"),
    ("order_lines", "2025-10-05"): LINES
    + line("O7-1", "A", "90000.00", "2025-10-04T20:00:00Z")
    + line("O7-2", "A", "-1.00", "2025-10-04T20:00:00Z"),
    ("attributions", "2025-10-05"): ATTRIBUTIONS + "O2-1,O2,VIDEO,VIDEO1,CR1,,,2025-10-05T02:00:00Z\n",
    ("refunds", "2025-10-05"): REFUNDS
    + "R2,O5,O5-1,RETURN,1,3000.00,0.00,COMPLETED,2025-10-05T08:00:00Z,,2025-10-05T08:00:00Z\n",
    ("assignments", "2025-10-05"): ASSIGNMENTS + "S2,P1,SELLER,B,SHOP,2025-01-01,2025-10-05,2025-10-05T00:00:00Z\n",
    ("live_sessions", "2025-10-05"): LIVES
    + "LIVE9,B,CR1,2025-10-02T20:00:00Z,2025-10-02T23:00:00Z,150,Tonight,#sale #new,2025-10-05T00:00:00Z\n",
    ("short_videos", "2025-10-05"): VIDEOS + "VIDEO1,CR1,2025-10-01T20:00:00Z,20,,#sale,2025-10-05T00:00:00Z\n",
}


@dataclass(frozen=True)
class Story:
    """A command that is disturbed: ``before`` are the commands that lead to the state from which it starts."""

    name: str
    command: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()


STORIES = {
    story.name: story
    for story in (
        Story("first", ("run", "--through", LAST_DAY)),
        Story("next", ("run", "--through", LAST_DAY), (("run", "--through", "2025-10-04"),)),
        Story("daily", ("run", "--through", LAST_DAY, "--daily"), (("run", "--through", "2025-10-03"),)),
        Story("rebuild", ("rebuild",), (("run", "--through", LAST_DAY),)),
    )
}


def land(deployment: Deployment) -> None:
    """Delivers everything, and deploys the programs."""
    for (feed, day), text in (DELIVERIES | MORE).items():
        deployment.put(feed, day, text)
    deployment.ship(*PROGRAMS)
