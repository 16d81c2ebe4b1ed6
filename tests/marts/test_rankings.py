"""Rankings by month: net decides, then gross, then the id; each with its share of the month and its rank a month before."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from compiled.project import compiled_project
from compiled.records import Record, record
from compiled.world import World

OCTOBER, NOVEMBER, DECEMBER = (date(2025, month, 1) for month in (10, 11, 12))
LANDED = date(2025, 12, 31)
RANKINGS = ("seller_gmv_ranking", "partner_gmv_ranking", "creator_gmv_ranking")


def sale(name: str, shop: str, month: date, gross: int, refunded: int = 0) -> list[Record]:
    """An order of one line on the fifth of a month, sold by the creator who is called like the shop."""
    paid_at = datetime(month.year, month.month, 5, tzinfo=UTC)
    sold = [
        record("orders", LANDED, order_id=name, paid_at=paid_at),
        record("order_lines", LANDED, order_line_id=name, order_id=name, seller_id=shop, original_amount_cents=gross),
        record("attributions", LANDED, order_line_id=name, order_id=name, content_type="LIVE", creator_id=f"C{shop}"),
    ]
    refund = record("refunds", LANDED, refund_id=name, order_line_id=name, order_id=name, amount_cents=refunded)
    return [*sold, refund] if refunded else sold


def served(shop: str, service: str) -> Record:
    """The partner who is called like the shop serves it."""
    return record("assignments", LANDED, assignment_id=f"{shop}{service}", partner_id=f"P{shop}", subject_type="SELLER",
                  subject_id=shop, service=service, valid_from=date(2025, 1, 1))  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    """Four shops in October, of which two sell in December; one of them in November too."""
    world = World(
        [
            *(served(shop, "SHOP") for shop in "ABCD"),
            served("A", "AFFILIATE"),
            *sale("1", "A", OCTOBER, 300),
            *sale("2", "B", OCTOBER, 500, refunded=200),  # the same net, and more gross
            *sale("3", "C", OCTOBER, 300),
            *sale("4", "D", OCTOBER, 999, refunded=950),  # the most gross, and the least net
            *sale("5", "C", NOVEMBER, 70),
            *sale("6", "C", DECEMBER, 10),
            *sale("7", "A", DECEMBER, 20),
        ],
        project=compiled_project().upstream(*RANKINGS),
    )
    world.build(LANDED)
    return world


@pytest.mark.parametrize(
    ("ranking", "id_column", "prefix"),
    [("seller", "seller_id", ""), ("partner", "partner_id", "P"), ("creator", "creator_id", "C")],
)
def test_ranking(world: World, ranking: str, id_column: str, prefix: str) -> None:
    found = world.rows(
        f"select month, rank, {id_column}, gross_cents, net_cents, share_bps, previous_rank "
        f"from marts.{ranking}_gmv_ranking order by month, rank"
    )
    assert found == [
        # 300 / 949 = 3161.2 basis points, 49 / 949 = 516.3
        (OCTOBER, 1, f"{prefix}B", 500, 300, 3_161, None),
        (OCTOBER, 2, f"{prefix}A", 300, 300, 3_161, None),
        (OCTOBER, 3, f"{prefix}C", 300, 300, 3_161, None),
        (OCTOBER, 4, f"{prefix}D", 999, 49, 516, None),
        (NOVEMBER, 1, f"{prefix}C", 70, 70, 10_000, 3),
        (DECEMBER, 1, f"{prefix}A", 20, 20, 6_666, None),  # it sold nothing in November
        (DECEMBER, 2, f"{prefix}C", 10, 10, 3_333, 1),
    ]
