"""The platform's own samples: what becomes of each row, and why; none is USD and whole, so none is GMV."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path

import pytest
import tiktok_shop
from acceptance.conftest import World as Landing
from compiled.world import World

DAY = date(2026, 5, 12)
"""After all that the samples tell of."""
ACCEPTED = ""
ORDER_202309, V1, DOCS = "order_202309", "ipfans_testdata_v1", "docs_examples_202309plus"

# Neither discount stands in these exports, and what was sold before them does only in the American one.
EXPORTED_LINE = "seller_discount:required;platform_discount:required;updated_at:naive_time"
# The status is Thai or written differently, times have no zone, and no currency is named.
PAID_IN_THAILAND = "status:enum;created_at:naive_time;paid_at:naive_time;currency:required;updated_at:naive_time"
UNPAID_IN_THAILAND = "status:enum;created_at:naive_time;currency:required;updated_at:naive_time"
AMERICAN = f"buyer_id:required;{PAID_IN_THAILAND}"  # no buyer either
# Statuses are numbers, and the time of creation is milliseconds beside a payment in seconds.
ORDER_V1 = "status:enum;created_at:type;currency:unsupported_currency"
SHOP = "size_class:required;onboarded_at:required;tax_form_on_file:required;updated_at:required"

BECAME: dict[str, dict[str, list[str]]] = {
    # Ringgit; the answer is real, and does not say of a line whether it is a gift.
    f"{ORDER_202309}/order_search_response_real_shape_MYR_redacted.json": {
        "orders": ["currency:unsupported_currency"],
        "order_lines": ["is_gift:required"],
    },
    # Rupiah; the documented order is not said to be a replacement or none. A line has no currency of the contract's.
    f"{ORDER_202309}/order_full_field_example_IDR.json": {
        "orders": ["currency:unsupported_currency;is_replacement:required"],
        "order_lines": [ACCEPTED],
    },
    # Times as numbers and as text.
    f"{ORDER_202309}/shop_lives_performance_shapes.json": {"live_sessions": [ACCEPTED, ACCEPTED]},
    f"{ORDER_202309}/seller_center_export_TH_testfixture.csv": {
        "orders": [PAID_IN_THAILAND, PAID_IN_THAILAND, UNPAID_IN_THAILAND, UNPAID_IN_THAILAND],
        "order_lines": [EXPORTED_LINE] * 4,
    },
    f"{ORDER_202309}/seller_center_export_US_testfixture.csv": {
        "orders": [AMERICAN] * 2,
        "order_lines": [EXPORTED_LINE] * 2,
    },
    f"{V1}/order__order_detail.json": {"orders": [ORDER_V1], "order_lines": [ACCEPTED] * 3},
    f"{V1}/finance__search_transactions.json": {"orders": [ORDER_V1], "order_lines": [ACCEPTED] * 3},
    # A list of orders has their numbers and little else.
    f"{V1}/order__order_list.json": {
        "orders": ["buyer_id:required;status:enum;created_at:required;currency:required"] * 2
    },
    # Numbers for kind and status, and the SKU is empty.
    f"{V1}/reverseorder__get_reverse_list.json": {
        "refunds": ["order_line_id:required;kind:enum;platform_discount_reversed:required;status:enum"]
    },
    f"{V1}/order__cancel_order.json": {
        "refunds": [
            "order_line_id:required;quantity:required;amount:required;platform_discount_reversed:required;"
            "status:required;updated_at:required"
        ]
    },
    f"{V1}/shop__get_authorized_shop.json": {"sellers": [SHOP]},
    f"{DOCS}/authorization__get-authorized-shop.json": {"sellers": [SHOP]},
    f"{DOCS}/seller__get-active-shops.json": {"sellers": [f"name:required;{SHOP}"]},
    f"{DOCS}/affiliate-partner__search-tap-affiliate-orders.json": {"attributions": [ACCEPTED]},
    f"{DOCS}/affiliate-partner__search-cap-affiliate-orders.json": {"attributions": [ACCEPTED]},
    # Who pays for a promotion, and up to how much, no answer says.
    f"{DOCS}/promotion__get-coupon.json": {
        "deals": ["platform_share_bps:required;budget_amount:required;starts_at:required;ends_at:required"]
    },
    f"{DOCS}/promotion__search-coupons.json": {
        "deals": ["platform_share_bps:required;budget_amount:required;updated_at:required"]
    },
    f"{DOCS}/promotion__get-activity.json": {
        "deals": ["kind:required;platform_share_bps:required;budget_amount:required"]
    },
    f"{DOCS}/promotion__search-activities.json": {
        "deals": [
            "kind:required;platform_share_bps:required;budget_amount:required;starts_at:required;ends_at:required"
        ]
    },
}


@pytest.fixture(scope="module")
def samples(real_data: Callable[[str], Path]) -> Path:
    return real_data("tiktok_shop_api_samples")


@pytest.fixture
def landing(new_landing: Callable[[], Landing]) -> Landing:
    return new_landing()


def land(landing: Landing, sample: Path, day: date = DAY) -> None:
    """Delivers what the sample's adapter makes of it, and takes it in."""
    for feed, rows in tiktok_shop.read(sample).items():
        landing.put(feed, *tiktok_shop.written(rows, sample), day)
        landing.accept(feed, day)


def became(landing: Landing, feed: str, rows: int) -> list[str]:
    """The rules that each row of the day's delivery breaks, empty where it breaks none."""
    quarantined = landing.quarantined(feed, DAY)
    broken = dict(quarantined.select("row_number", "all_rules").rows()) if quarantined.height else {}
    return [broken.get(number, ACCEPTED) for number in range(1, rows + 1)]


@pytest.mark.parametrize("name", BECAME)
def test_each_row_is_accepted_or_says_what_it_breaks(name: str, samples: Path, landing: Landing) -> None:
    land(landing, samples / name)
    found = {
        feed: (became(landing, feed, len(rules)), landing.accept(feed, DAY).accepted)
        for feed, rules in BECAME[name].items()
    }
    assert found == {feed: (rules, rules.count(ACCEPTED)) for feed, rules in BECAME[name].items()}
    assert tiktok_shop.read(samples / name).keys() == BECAME[name].keys()


def test_every_sample_has_an_adapter_or_a_reason_to_have_none(samples: Path) -> None:
    assert BECAME.keys() == tiktok_shop.ADAPTERS.keys()
    names = {f"{path.parent.name}/{path.name}" for path in samples.glob("*/*")}
    assert len(names) == 78
    for name in names:
        reasons = [reason for pattern, reason in tiktok_shop.NO_RECORDS.items() if fnmatch(name, pattern)]
        assert len(reasons) == (name not in tiktok_shop.ADAPTERS), name


def test_an_export_of_which_no_row_fits_is_refused_with_the_counts(samples: Path, landing: Landing) -> None:
    land(landing, samples / ORDER_202309 / "seller_center_export_TH_testfixture.csv")
    reasons = {feed: landing.accept(feed, DAY).reason for feed in ("orders", "order_lines")}
    assert "4 of 4 rows break their contract, 4 of them status: enum" in reasons["orders"]
    assert "4 of 4 rows break their contract, 4 of them seller_discount: required" in reasons["order_lines"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("seller_center_export_TH_testfixture.csv", "lacks required column order_id, buyer_id, status, created_at"),
        ("seller_center_export_US_testfixture.csv", "lacks required column order_id, buyer_id, status, created_at"),
        ("order_full_field_example_IDR.json", "has another suffix"),
    ],
)
def test_files_as_the_platform_writes_them_are_refused(name: str, reason: str, samples: Path, landing: Landing) -> None:
    landing.put("orders", name, (samples / ORDER_202309 / name).read_bytes(), DAY)
    assert f"{name} {reason}" in landing.accept("orders", DAY).reason


def test_ids_keep_their_digits_as_numbers_and_lose_the_tab_of_exports(samples: Path, landing: Landing) -> None:
    cancelled = samples / V1 / "order__cancel_order.json"
    assert (
        type(json.loads(cancelled.read_text(encoding="utf-8"))[0]["response"]["body"]["data"]["reverse_main_order_id"])
        is int
    )
    land(landing, cancelled)
    assert landing.quarantined("refunds", DAY)["record_id"].to_list() == ["576461413038785752"]
    exported = samples / ORDER_202309 / "seller_center_export_TH_testfixture.csv"
    assert exported.read_text(encoding="utf-8").count("\n583870900000000001\t,") == 2
    land(landing, exported)
    ids = landing.quarantined("orders", DAY)["record_id"].to_list()
    assert ids == [f"58387090000000000{number}" for number in (1, 1, 2, 3)]


def test_accepted_lines_have_the_amounts_of_the_sample(samples: Path, landing: Landing) -> None:
    land(landing, samples / V1 / "order__order_detail.json")
    columns = ["order_line_id", "seller_id", "product_id", "quantity", "original_amount_cents", "updated_at"]
    updated = datetime.fromtimestamp(1619621355, UTC)
    assert landing.accepted("order_lines", DAY).select(columns).rows() == [
        ("576465323303339224", "123456", "1729388199855555800", 1, 20_000_00, updated),
        ("576465323303404760", "123456", "1729388495591081176", 1, 501_00, updated),
        ("576465323303470296", "123456", "1729389456828105944", 1, 1_000_00, updated),
    ]


def test_accepted_affiliate_orders_lose_the_line_end_of_their_content(samples: Path, landing: Landing) -> None:
    cap = samples / DOCS / "affiliate-partner__search-cap-affiliate-orders.json"
    assert (
        json.loads(cap.read_text(encoding="utf-8"))["data"]["orders"][0]["skus"]["content_id"]
        == "7494337156519332665\n"
    )
    land(landing, cap)
    columns = ["order_line_id", "content_type", "content_id", "target_collaboration_id"]
    assert landing.accepted("attributions", DAY).select(columns).rows() == [
        ("576962796354307765-1729478689395213981", "VIDEO", "7494337156519332665", "7324371012170024705")
    ]


def test_accepted_livestreams_have_their_times_from_numbers_and_text(samples: Path, landing: Landing) -> None:
    land(landing, samples / ORDER_202309 / "shop_lives_performance_shapes.json")
    assert landing.accepted("live_sessions", DAY).select("live_id", "started_at", "ended_at", "viewers").rows() == [
        ("7342...", datetime(2024, 4, 1, tzinfo=UTC), datetime(2024, 4, 1, 12, tzinfo=UTC), None),
        ("live1", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), datetime(2023, 11, 14, 23, 13, 20, tzinfo=UTC), 80),
    ]


def test_lines_whose_order_is_in_quarantine_wait_and_nothing_is_gmv(
    samples: Path, landing: Landing, built: Callable[[Landing, date, str], World]
) -> None:
    """A delivery a day for each sample: together in one, the orders would be refused whole."""
    for age, name in enumerate(BECAME):
        land(landing, samples / name, DAY - timedelta(days=age))
    world = built(landing, DAY, "UTC")
    assert world.rows("select * from marts.gmv_daily") == []
    waiting = world.rows("select feed, record_id, parent_id, reason from marts.waiting_records order by all")
    order, affiliate = "576461413038785752", "576962796354307765"
    lines = ["576465323303339224", "576465323303404760", "576465323303470296", "577086512123755123"]
    skus = [f"{affiliate}-{sku}" for sku in ("1729478689395213981", "1729793769377925388")]
    assert waiting == [
        *(("attributions", line, line, "WAITING") for line in skus),
        *(("order_lines", line, order, "PARENT_QUARANTINED") for line in lines),
    ]
