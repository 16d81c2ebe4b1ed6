"""The golden world: three sellers, one partner, six orders, a late attribution and a late refund, written out by hand.

Partner P1 (TSP) serves the shops of A and B, nobody serves C. Beside the deliveries stand the figures that follow from them
(cents, UTC), worked out by hand. Does not belong here: how they are checked.
"""

from __future__ import annotations

from datetime import date

from deployment import Deployment

PROGRAM = "tsp_daily_gmv_2025q4"
LAST_DAY = "2025-10-04"

ORDERS = (
    "order_id,buyer_id,status,created_at,paid_at,delivered_at,completed_at,cancelled_at,currency,"
    "is_sample,is_replacement,is_exchange,updated_at\n"
)
LINES = (
    "order_line_id,order_id,seller_id,product_id,quantity,original_amount,seller_discount,platform_discount,"
    "is_gift,updated_at\n"
)


def order(order_id: str, buyer_id: str, at: str, paid: bool = True) -> str:
    """One row of orders, paid when it was placed or not at all."""
    status = "AWAITING_SHIPMENT" if paid else "UNPAID"
    return f"{order_id},{buyer_id},{status},{at},{at if paid else ''},,,,USD,false,false,false,{at}\n"


def line(line_id: str, seller_id: str, amount: str, at: str, product: str = "SKU1") -> str:
    """One row of order_lines: one unit at full price."""
    return f"{line_id},{line_id.split('-')[0]},{seller_id},{product},1,{amount},0.00,0.00,false,{at}\n"


DELIVERIES: dict[tuple[str, str], str] = {
    ("sellers", "2025-09-10"): (
        "seller_id,name,size_class,onboarded_at,payee_id,tax_form_on_file,updated_at\n"
        "A,Apple Hill,SMALL,2025-01-01T00:00:00Z,,false,2025-09-01T00:00:00Z\n"
        "B,Bright Home,LARGE,2025-01-01T00:00:00Z,,false,2025-09-01T00:00:00Z\n"
        "C,Corner Shop,SMALL,2025-01-01T00:00:00Z,,false,2025-09-01T00:00:00Z\n"
    ),
    ("partners", "2025-09-10"): (
        "partner_id,partner_type,name,payee_id,tax_form_on_file,updated_at\n"
        "P1,TSP,Harbor Commerce,PAYEE1,true,2025-09-01T00:00:00Z\n"
    ),
    ("assignments", "2025-09-10"): (
        "assignment_id,partner_id,subject_type,subject_id,service,valid_from,valid_to,updated_at\n"
        "S1,P1,SELLER,A,SHOP,2025-01-01,,2025-09-01T00:00:00Z\n"
        "S2,P1,SELLER,B,SHOP,2025-01-01,,2025-09-01T00:00:00Z\n"
    ),
    ("orders", "2025-09-10"): ORDERS + order("O1", "B1", "2025-09-10T12:00:00Z"),
    ("order_lines", "2025-09-10"): LINES + line("O1-1", "A", "30000.00", "2025-09-10T12:00:00Z"),
    ("orders", "2025-10-01"): ORDERS + order("O2", "B2", "2025-10-01T09:00:00Z"),
    # Two units, 20,500 less 500 of the seller's; the 100 of the platform's stay in.
    ("order_lines", "2025-10-01"): LINES + "O2-1,O2,A,SKU1,2,20500.00,500.00,100.00,false,2025-10-01T09:00:00Z\n",
    # The last second of a day, and the first of the next.
    ("orders", "2025-10-02"): ORDERS + order("O3", "B3", "2025-10-02T23:59:59Z"),
    ("order_lines", "2025-10-02"): LINES
    + line("O3-1", "B", "45000.00", "2025-10-02T23:59:59Z")
    + line("O3-2", "B", "5000.00", "2025-10-02T23:59:59Z", "SKU2"),
    ("orders", "2025-10-03"): ORDERS
    + order("O4", "B4", "2025-10-03T00:00:00Z")
    + order("O5", "B5", "2025-10-03T10:00:00Z")
    + order("O6", "B6", "2025-10-03T11:00:00Z", paid=False),
    ("order_lines", "2025-10-03"): LINES
    + line("O4-1", "C", "1000.00", "2025-10-03T00:00:00Z")
    + line("O5-1", "A", "3000.00", "2025-10-03T10:00:00Z")
    + line("O6-1", "A", "9999.00", "2025-10-03T11:00:00Z"),
    ("attributions", "2025-10-03"): (
        "order_line_id,order_id,content_type,content_id,creator_id,target_collaboration_id,"
        "matched_by_partner_id,updated_at\n"
        "O3-1,O3,LIVE,LIVE9,CR1,,,2025-10-03T02:00:00Z\n"
    ),
    ("orders", "2025-10-04"): ORDERS,
    ("order_lines", "2025-10-04"): LINES,
    ("refunds", "2025-10-04"): (
        "refund_id,order_id,order_line_id,kind,quantity,amount,platform_discount_reversed,status,completed_at,"
        "supersedes_refund_id,updated_at\n"
        "R1,O3,O3-1,RETURN,1,30000.00,0.00,COMPLETED,2025-10-04T08:00:00Z,,2025-10-04T08:00:00Z\n"
    ),
}

SEPTEMBER_10, OCTOBER_1, OCTOBER_2, OCTOBER_3, OCTOBER_4 = (
    date(2025, 9, 10),
    *(date(2025, 10, day) for day in (1, 2, 3, 4)),
)

GMV_DAILY = [
    (SEPTEMBER_10, "A", "UNATTRIBUTED", 3_000_000, 3_000_000, 1, 1),
    (OCTOBER_1, "A", "UNATTRIBUTED", 2_000_000, 2_000_000, 2, 1),
    (OCTOBER_2, "B", "LIVE", 4_500_000, 1_500_000, 1, 1),
    (OCTOBER_2, "B", "UNATTRIBUTED", 500_000, 500_000, 1, 1),
    (OCTOBER_3, "A", "UNATTRIBUTED", 300_000, 300_000, 1, 1),
    (OCTOBER_3, "C", "UNATTRIBUTED", 100_000, 100_000, 1, 1),
]
"""gmv_date, seller_id, content_type; gross, net, units, orders after the last day."""

GMV_DAILY_AS_KNOWN_ON_OCTOBER_2 = [
    (SEPTEMBER_10, "A", "UNATTRIBUTED", 3_000_000, 3_000_000, 1, 1),
    (OCTOBER_1, "A", "UNATTRIBUTED", 2_000_000, 2_000_000, 2, 1),
    (OCTOBER_2, "B", "UNATTRIBUTED", 5_000_000, 5_000_000, 2, 1),
]

MOVEMENTS_OF_OCTOBER_2 = [
    (OCTOBER_2, "UNATTRIBUTED", 5_000_000, 5_000_000, 2),
    (OCTOBER_3, "LIVE", 4_500_000, 4_500_000, 1),
    (OCTOBER_3, "UNATTRIBUTED", -4_500_000, -4_500_000, -1),
    (OCTOBER_4, "LIVE", 0, -3_000_000, 0),
]
"""known_on, content_type; gross, net, units of seller B on that day."""

ENTRIES_DAILY = [
    (1, OCTOBER_2, "ACCRUE", f"program:{PROGRAM}", "pending:PARTNER:P1", 500_000),
    (2, OCTOBER_3, "ACCRUE", f"program:{PROGRAM}", "pending:PARTNER:P1", 300_000),
    (3, OCTOBER_4, "RELEASE", "pending:PARTNER:P1", f"program:{PROGRAM}", 300_000),
]
"""entry_no, as_of, entry_type, debit, credit, amount where each day was posted."""

ENTRIES_ONCE = [(1, OCTOBER_4, "ACCRUE", f"program:{PROGRAM}", "pending:PARTNER:P1", 500_000)]

BALANCES = [("pending:PARTNER:P1", "CASH", 500_000), (f"program:{PROGRAM}", "CASH", -500_000)]


def land(deployment: Deployment, through: str = LAST_DAY) -> None:
    """Delivers the golden world up to a day, and deploys the one program that it is about."""
    for (feed, day), text in DELIVERIES.items():
        if day <= through:
            deployment.put(feed, day, text)
    deployment.ship(PROGRAM)
