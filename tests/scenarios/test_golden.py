"""The golden world's marts and movements, by hand: what stands in gmv_daily, what each delivery added and took."""

from __future__ import annotations

from datetime import date

import pytest
from compiled.project import compiled_project
from compiled.world import World

from scenarios.scenario import scenarios_of

GMV_DAILY = [
    # gmv_date, seller_id, content_type, gross, net, units, orders
    (date(2025, 9, 10), "A", "UNATTRIBUTED", 3_000_000, 3_000_000, 1, 1),
    (date(2025, 10, 1), "A", "UNATTRIBUTED", 2_000_000, 2_000_000, 2, 1),
    (date(2025, 10, 2), "B", "LIVE", 4_500_000, 1_500_000, 1, 1),
    (date(2025, 10, 2), "B", "UNATTRIBUTED", 500_000, 500_000, 1, 1),
    (date(2025, 10, 3), "A", "UNATTRIBUTED", 300_000, 300_000, 1, 1),
    (date(2025, 10, 3), "C", "UNATTRIBUTED", 100_000, 100_000, 1, 1),
]
MOVEMENTS_OF_B = [
    # known_on, content_type, gross, net, units, orders: O3 stands in both content types from its attribution on
    (date(2025, 10, 2), "UNATTRIBUTED", 5_000_000, 5_000_000, 2, 1),
    (date(2025, 10, 3), "LIVE", 4_500_000, 4_500_000, 1, 1),
    (date(2025, 10, 3), "UNATTRIBUTED", -4_500_000, -4_500_000, -1, 0),
    (date(2025, 10, 4), "LIVE", 0, -3_000_000, 0, 0),
]
FIGURES = "gross_cents, net_cents, units, orders"


@pytest.fixture(params=["day by day", "at once"], scope="module")
def golden(request: pytest.FixtureRequest) -> World:
    """The golden world as of 2025-10-04, with every model and every test of the project."""
    (scenario,) = scenarios_of("golden.yaml")
    world = scenario.world(compiled_project())
    if request.param == "at once":
        world.build(date(2025, 10, 4))
    else:
        world.build_daily(date(2025, 9, 30), date(2025, 10, 4))
    return world


def test_gmv_daily(golden: World) -> None:
    assert golden.rows(f"select gmv_date, seller_id, content_type, {FIGURES} from marts.gmv_daily order by all") == (
        GMV_DAILY
    )


def test_movements(golden: World) -> None:
    assert golden.rows(
        f"select known_on, content_type, {FIGURES} from movements.gmv_daily_movements where seller_id = 'B' order by all"
    ) == (MOVEMENTS_OF_B)


def test_as_known_before_the_attribution(golden: World) -> None:
    assert golden.rows(
        "select seller_id, content_type, sum(gross_cents), sum(net_cents), sum(units) from movements.gmv_daily_movements "
        "where known_on <= '2025-10-02' and gmv_date = '2025-10-02' group by all"
    ) == [("B", "UNATTRIBUTED", 5_000_000, 5_000_000, 2)]


def test_partner_gmv(golden: World) -> None:
    assert golden.rows(
        "select gmv_date, service, gross_cents, net_cents, live_net_cents, units from marts.partner_gmv_daily order by all"
    ) == [
        (date(2025, 9, 10), "SHOP", 3_000_000, 3_000_000, 0, 1),
        (date(2025, 10, 1), "SHOP", 2_000_000, 2_000_000, 0, 2),
        (date(2025, 10, 2), "SHOP", 5_000_000, 2_000_000, 1_500_000, 2),
        (date(2025, 10, 3), "SHOP", 300_000, 300_000, 0, 1),
    ]


def test_award(golden: World) -> None:
    assert golden.rows(
        "select program_id, period, beneficiary_type, beneficiary_id, subject_id, component, instrument, stage, amount_cents "
        "from awards.incentive_awards"
    ) == [
        (
            "tsp_daily_gmv_2025q4",
            "2025-10-01..2025-12-31",
            "PARTNER",
            "P1",
            "",
            "daily_gmv",
            "CASH",
            "PROVISIONAL",
            500_000,
        )
    ]
