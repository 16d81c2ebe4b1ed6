"""The feeds of the landing contract: one column list each (LANDING.md, Feeds).

From this list derive the pandera contract (``contracts``), the staging models of dbt and the documentation, so that a
column is named once. Does not belong here: how a delivery is read, accepted or refused (``orchestration``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from data_contracts.columns import Column, Kind


@dataclass(frozen=True)
class PairRule:
    """A rule over two columns, reported on ``column`` and looked at after all rules over one column.

    ``rule`` is the name that quarantine shows. ``kind`` says what must hold:
    ``at_most_with``   column + other ≤ limit
    ``after``          column > other, where both are given
    ``not_before``     column ≥ other, where both are given
    ``required_when``  column is given where other is one of ``values``
    ``one_of_when``    column is one of ``allowed[other]``
    """

    rule: str
    kind: str
    column: str
    other: str
    limit: str | None = None
    values: tuple[str, ...] = ()
    allowed: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Parent:
    """Another feed whose record must have landed before this one counts: ``column`` here names its key there."""

    feed: str
    column: str


@dataclass(frozen=True)
class Feed:
    """One feed: its key, its columns in the order of LANDING.md, and its rules over two columns.

    A delivery is refused when more than ``refused_above_share_bps`` of its rows and more than ``refused_above_rows``
    rows break, or all of three or more. ``stops_day`` is False for feeds that no money rests on.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    pair_rules: tuple[PairRule, ...] = ()
    parents: tuple[Parent, ...] = ()
    refused_above_share_bps: int = 100
    refused_above_rows: int = 5
    stops_day: bool = True

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where the feed has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"feed {self.name} has no column {name}")

    @property
    def keys(self) -> dict[str, str]:
        """The 64-bit keys that accepted rows carry beside their ids (``keys.key_of``): key by id column."""
        return {name: key for name, key in _KEYS.items() if any(column.name == name for column in self.columns)}

    @property
    def has_updated_at(self) -> bool:
        """Whether versions of a key are ordered by updated_at before landed_on."""
        return any(column.name == "updated_at" for column in self.columns)


_KEYS = {"order_id": "order_key", "order_line_id": "line_key"}
"""What millions of rows are joined by."""


def _text(name: str, description: str, **rules: object) -> Column:
    return Column(name, Kind.TEXT, description, **rules)  # type: ignore[arg-type]


def _money(name: str, description: str, **rules: object) -> Column:
    return Column(name, Kind.MONEY, description, minimum=0, **rules)  # type: ignore[arg-type]


def _count(name: str, description: str, minimum: int = 0, **rules: object) -> Column:
    return Column(name, Kind.INTEGER, description, minimum=minimum, **rules)  # type: ignore[arg-type]


def _flag(name: str, description: str) -> Column:
    return Column(name, Kind.BOOLEAN, description)


def _time(name: str, description: str, **rules: object) -> Column:
    return Column(name, Kind.TIME, description, **rules)  # type: ignore[arg-type]


def _date(name: str, description: str, **rules: object) -> Column:
    return Column(name, Kind.DATE, description, **rules)  # type: ignore[arg-type]


_UPDATED_AT = _time("updated_at", "when the platform last changed the record; the greatest holds", not_in_future=True)
_TAX_FORM = _flag("tax_form_on_file", "whether a tax form is on file; cash is held without one")
_PAYEE = _text("payee_id", "who is paid; MEMBER: is reserved for members", required=False, forbidden_prefix="MEMBER:")

ORDERS = Feed(
    "orders",
    "One row an order and version: its buyer, its status and the moments of its life.",
    ("order_id",),
    (
        _text("order_id", "the order"),
        _text("buyer_id", "the member who bought"),
        _text(
            "status",
            "where the order stands; CANCELLED reverses all its lines",
            values=(
                "UNPAID",
                "ON_HOLD",
                "AWAITING_SHIPMENT",
                "PARTIALLY_SHIPPING",
                "AWAITING_COLLECTION",
                "IN_TRANSIT",
                "DELIVERED",
                "COMPLETED",
                "CANCELLED",
            ),
        ),
        _time("created_at", "when the order was placed"),
        _time(
            "paid_at", "when it was paid; its business day is the day of its GMV", required=False, not_in_future=True
        ),
        _time("delivered_at", "when it reached the buyer", required=False),
        _time("completed_at", "when the return window closed", required=False),
        _time("cancelled_at", "when it was cancelled", required=False),
        _text("currency", "USD", values=("USD",), enum_rule="unsupported_currency"),
        _flag("is_sample", "a free sample; counts nowhere"),
        _flag("is_replacement", "a replacement; counts nowhere"),
        _flag("is_exchange", "an exchange; counts nowhere"),
        _UPDATED_AT,
    ),
)

ORDER_LINES = Feed(
    "order_lines",
    "One row a line of an order and version: what was sold, by whom, for how much.",
    ("order_line_id",),
    (
        _text("order_line_id", "the line"),
        _text("order_id", "its order"),
        _text("seller_id", "the shop that sold it"),
        _text("product_id", "what was sold"),
        _count("quantity", "units", minimum=1),
        _money("original_amount", "the whole line before discounts"),
        _money("seller_discount", "what the seller gave up; lowers gross"),
        _money("platform_discount", "what the platform gave; stays in gross"),
        _flag("is_gift", "a gift line; counts nowhere"),
        _UPDATED_AT,
    ),
    pair_rules=(
        PairRule(
            "discount_above_amount",
            "at_most_with",
            "seller_discount",
            "platform_discount",
            limit="original_amount",
        ),
    ),
    parents=(Parent("orders", "order_id"),),
)

ATTRIBUTIONS = Feed(
    "attributions",
    "One row a line and version: which content, creator and matching partner brought it.",
    ("order_line_id",),
    (
        _text("order_line_id", "the line"),
        _text("order_id", "its order as the attribution knows it; the line's holds"),
        _text("content_type", "what sold it", values=("LIVE", "VIDEO", "SHOWCASE", "SHOP_TAB", "OTHER")),
        _text("content_id", "the livestream or video", required=False),
        _text("creator_id", "the creator", required=False),
        _text("target_collaboration_id", "the targeted plan, if one", required=False),
        _text("matched_by_partner_id", "the partner who matched creator and seller", required=False),
        _UPDATED_AT,
    ),
    parents=(Parent("order_lines", "order_line_id"),),
)

REFUNDS = Feed(
    "refunds",
    "One row a refund and version: goods money back to the buyer.",
    ("refund_id",),
    (
        _text("refund_id", "the refund"),
        _text("order_id", "its order as the refund knows it; the line's holds"),
        _text("order_line_id", "the line"),
        _text("kind", "why", values=("REFUND", "RETURN", "CANCEL", "CHARGEBACK")),
        _count("quantity", "units given back"),
        _money("amount", "goods money back to the buyer, no tax or shipping"),
        _money("platform_discount_reversed", "platform discount taken back with it"),
        _text("status", "only COMPLETED reverses GMV", values=("REQUESTED", "COMPLETED", "REJECTED")),
        _time("completed_at", "when it was completed; required when COMPLETED", required=False),
        _text("supersedes_refund_id", "the refund of the same line that this one replaces", required=False),
        _UPDATED_AT,
    ),
    pair_rules=(PairRule("required", "required_when", "completed_at", "status", values=("COMPLETED",)),),
    parents=(Parent("order_lines", "order_line_id"),),
)

MEMBERS = Feed(
    "members",
    "One row a member and version; a buyer is a member.",
    ("member_id",),
    (
        _text("member_id", "the member"),
        _time("signed_up_at", "when the account was made"),
        _text("country", "the account's country"),
        _flag("is_employee", "employees neither refer nor are referred"),
        _text("device_hash", "the device, hashed; shared ones flag a referral", required=False),
        _text("payment_hash", "the means of payment, hashed; shared ones flag a referral", required=False),
        _UPDATED_AT,
    ),
)

REFERRAL_EVENTS = Feed(
    "referral_events",
    "One row an event of a referral: sign-up, flag, clearing, voiding. Events are not versioned by time.",
    ("event_id",),
    (
        _text("event_id", "the event"),
        _text("event_type", "what happened", values=("SIGNUP", "FLAG", "CLEAR", "VOID")),
        _text("referee_id", "the friend who was invited"),
        _text("referrer_id", "the member who invited; required for SIGNUP", required=False),
        _text("referral_code", "the code that was used", required=False),
        _time("clicked_at", "when the invitation was clicked", required=False),
        _time("occurred_at", "when it happened", not_in_future=True),
    ),
    pair_rules=(PairRule("required", "required_when", "referrer_id", "event_type", values=("SIGNUP",)),),
)

LIVE_SESSIONS = Feed(
    "live_sessions",
    "One row a livestream and version.",
    ("live_id",),
    (
        _text("live_id", "the livestream"),
        _text("seller_id", "the shop it sold for"),
        _text("creator_id", "who hosted it"),
        _time("started_at", "its start", not_in_future=True),
        _time("ended_at", "its end"),
        _count("viewers", "people who watched", required=False),
        _text("title", "its title", required=False),
        _text("hashtags", "blank-separated, lower-cased", required=False),
        _UPDATED_AT,
    ),
    pair_rules=(PairRule("not_after", "after", "ended_at", "started_at"),),
)

SHORT_VIDEOS = Feed(
    "short_videos",
    "One row a short video and version.",
    ("video_id",),
    (
        _text("video_id", "the video"),
        _text("creator_id", "who made it"),
        _time("posted_at", "when it was posted"),
        _count("views", "times it was watched", required=False),
        _text("title", "its title", required=False),
        _text("hashtags", "blank-separated, lower-cased", required=False),
        _UPDATED_AT,
    ),
    stops_day=False,
)

SELLERS = Feed(
    "sellers",
    "One row a shop and version.",
    ("seller_id",),
    (
        _text("seller_id", "the shop"),
        _text("name", "its name"),
        _text("size_class", "its size", values=("SMALL", "MEDIUM", "LARGE")),
        _time("onboarded_at", "when it joined"),
        _PAYEE,
        _TAX_FORM,
        _UPDATED_AT,
    ),
)

CREATORS = Feed(
    "creators",
    "One row a creator and version.",
    ("creator_id",),
    (
        _text("creator_id", "the creator"),
        _text("username", "the public name"),
        _PAYEE,
        _TAX_FORM,
        _UPDATED_AT,
    ),
)

PARTNERS = Feed(
    "partners",
    "One row a partner agency and version.",
    ("partner_id",),
    (
        _text("partner_id", "the partner"),
        _text("partner_type", "what it is", values=("TSP", "CAP", "TAP", "MCN")),
        _text("name", "its name"),
        _PAYEE,
        _TAX_FORM,
        _UPDATED_AT,
    ),
)

ASSIGNMENTS = Feed(
    "assignments",
    "One row an assignment and version: which partner serves which shop or creator, in what, when.",
    ("assignment_id",),
    (
        _text("assignment_id", "the assignment"),
        _text("partner_id", "the partner who serves"),
        _text("subject_type", "what is served", values=("SELLER", "CREATOR")),
        _text("subject_id", "the shop or creator served"),
        _text("service", "the service", values=("SHOP", "AFFILIATE", "CREATOR")),
        _date("valid_from", "first business day"),
        _date("valid_to", "first business day after; equal to valid_from withdraws it", required=False),
        _UPDATED_AT,
    ),
    pair_rules=(
        PairRule(
            "enum",
            "one_of_when",
            "service",
            "subject_type",
            allowed={"SELLER": ("SHOP", "AFFILIATE"), "CREATOR": ("CREATOR",)},
        ),
        PairRule("not_after", "not_before", "valid_to", "valid_from"),
    ),
)

PARTNER_RANKS = Feed(
    "partner_ranks",
    "One row a partner and snapshot day, and version: the rank it held.",
    ("partner_id", "snapshot_on"),
    (
        _text("partner_id", "the partner"),
        _date("snapshot_on", "the day of the snapshot"),
        _text("rank_code", "the rank", values=("BRONZE", "SILVER", "GOLD", "PLATINUM", "DIAMOND")),
        _UPDATED_AT,
    ),
)

PROGRAM_LISTS = Feed(
    "program_lists",
    "One row a list and subject, and version: who is invited, and until when.",
    ("list_id", "subject_id"),
    (
        _text("list_id", "the list"),
        _text("subject_id", "who stands on it"),
        _time("added_at", "when it was added"),
        _time("removed_at", "from when it no longer counts", required=False),
        _UPDATED_AT,
    ),
)

DEALS = Feed(
    "deals",
    "One row a deal and version: what the platform pays of a seller's discount.",
    ("deal_id",),
    (
        _text("deal_id", "the deal"),
        _text("seller_id", "the shop that runs it"),
        _text("kind", "how it discounts", values=("COUPON", "DISCOUNT", "FLASH_SALE")),
        _count("platform_share_bps", "the platform's share in basis points", maximum=10_000),
        _money("budget_amount", "the most the platform pays"),
        _time("starts_at", "its start"),
        _time("ends_at", "its end"),
        _text("invite_list_id", "the list of invited shops, if one", required=False),
        _UPDATED_AT,
    ),
    pair_rules=(PairRule("not_after", "after", "ends_at", "starts_at"),),
)

DEAL_REDEMPTIONS = Feed(
    "deal_redemptions",
    "One row a redemption and version: a line that used a deal.",
    ("redemption_id",),
    (
        _text("redemption_id", "the redemption"),
        _text("deal_id", "the deal"),
        _text("order_line_id", "the line"),
        _text("order_id", "its order as the redemption knows it; the line's holds"),
        _money("discount_amount", "what the buyer saved"),
        _time("redeemed_at", "when it was used", not_in_future=True),
        _flag("restored", "given back to the buyer, so it costs nothing"),
        _UPDATED_AT,
    ),
    parents=(Parent("order_lines", "order_line_id"), Parent("deals", "deal_id")),
)

AD_SPEND = Feed(
    "ad_spend",
    "One row a shop and day, and version: what it spent on advertising.",
    ("seller_id", "spend_on"),
    (
        _text("seller_id", "the shop"),
        _date("spend_on", "the business day"),
        _money("cash_spend", "spent in money"),
        _money("credit_spend", "spent in advertising credit"),
        _money("attributed_gmv", "GMV that the advertising system claims"),
        _UPDATED_AT,
    ),
    stops_day=False,
)

FEEDS: dict[str, Feed] = {
    feed.name: feed
    for feed in (
        ORDERS,
        ORDER_LINES,
        ATTRIBUTIONS,
        REFUNDS,
        MEMBERS,
        REFERRAL_EVENTS,
        LIVE_SESSIONS,
        SHORT_VIDEOS,
        SELLERS,
        CREATORS,
        PARTNERS,
        ASSIGNMENTS,
        PARTNER_RANKS,
        PROGRAM_LISTS,
        DEALS,
        DEAL_REDEMPTIONS,
        AD_SPEND,
    )
}
