"""TikTok Shop's own JSON and CSV as deliveries: adapters from its answers and exports to the landing contract.

A field that a sample lacks is null, and codes, currencies, statuses and numbers stay as they are. What a mapping must say
beyond that:

- a shop's records belong to the shop that asked, and a creator goes by the username;
- version 1 and exports know no samples, replacements, exchanges and gifts, and 202309 no exchanges: these are false;
- a 202309 line is one unit, and the price of a unit becomes that of the line;
- where a source names no line, order and SKU do (exports, affiliate and reverse orders), and an export's product is its SKU;
- a line changes with its order, a livestream when it ends, an affiliate order when it is delivered, an exported one when it
  is paid or else placed;
- exported times get the contract's order of digits, and no zone.

Does not belong here: what becomes of the rows (``test_tiktok_shop`` says so row by row).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from data_contracts.feeds import FEEDS

SHOP = "7494083350427699117"
"""The shop that asked, where a sample does not say: the one whose authorization is among them."""

Record = dict[str, Any]
Rows = dict[str, list[Record]]
"""The rows for each feed; every row has all of its feed's columns."""

_V1 = {"is_sample": False, "is_replacement": False, "is_exchange": False}


def read(sample: Path) -> Rows:
    """What the sample is in the terms of the contract; KeyError where no adapter is made for it."""
    return ADAPTERS[f"{sample.parent.name}/{sample.name}"](sample)


def written(rows: list[Record], sample: Path) -> tuple[str, str]:
    """Name and text of the delivered file: an export stays CSV, and answers become JSON Lines with their types."""
    if sample.suffix == ".csv":
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows(rows)
        return f"{sample.stem}.csv", text.getvalue()
    return f"{sample.stem}.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _row(feed: str, **given: Any) -> Record:
    columns = {column.name: None for column in FEEDS[feed].columns}
    assert given.keys() <= columns.keys()
    return columns | given


def _answer(sample: Path) -> Any:
    return json.loads(sample.read_text(encoding="utf-8"))


def _orders_202309(sample: Path) -> Rows:
    answer = _answer(sample)
    orders = answer["data"]["orders"] if "data" in answer else [answer]
    return {
        "orders": [_order_202309(order) for order in orders],
        "order_lines": [_line_202309(line, order) for order in orders for line in order["line_items"]],
    }


def _order_202309(order: Record) -> Record:
    return _row(
        "orders",
        order_id=order["id"],
        buyer_id=order["user_id"],
        status=order["status"],
        created_at=order["create_time"],
        paid_at=order.get("paid_time"),
        delivered_at=order.get("delivery_time"),
        cancelled_at=order.get("cancel_time"),
        currency=order["payment"]["currency"],
        is_sample=order["is_sample_order"],
        is_replacement=order.get("is_replacement_order"),
        is_exchange=False,
        updated_at=order["update_time"],
    )


def _line_202309(line: Record, order: Record) -> Record:
    return _row(
        "order_lines",
        order_line_id=line["id"],
        order_id=order["id"],
        seller_id=SHOP,
        product_id=line["product_id"],
        quantity=1,
        original_amount=line["original_price"],
        seller_discount=line["seller_discount"],
        platform_discount=line["platform_discount"],
        is_gift=line.get("is_gift"),
        updated_at=order["update_time"],
    )


def _orders_v1(sample: Path) -> Rows:
    orders, lines = [], []
    for example in _answer(sample):
        for order in example["response"]["body"]["data"]["order_list"]:
            orders.append(_order_v1(order))
            lines += _lines_v1(order, example["args"]["shop_id"])
    return {"orders": orders} | ({"order_lines": lines} if lines else {})


def _order_v1(order: Record) -> Record:
    return _row(
        "orders",
        order_id=order["order_id"],
        buyer_id=order.get("buyer_uid"),
        status=order["order_status"],
        created_at=order.get("create_time"),
        paid_at=order.get("paid_time"),
        currency=order.get("payment_info", {}).get("currency"),
        updated_at=order["update_time"],
        **_V1,
    )


def _lines_v1(order: Record, shop: str) -> list[Record]:
    items = {item["sku_id"]: item for item in order.get("item_list", [])}
    lines = order.get("order_line_list", [])
    return [_line_v1(line["order_line_id"], items[line["sku_id"]], order, shop) for line in lines]


def _line_v1(line_id: str, item: Record, order: Record, shop: str) -> Record:
    return _row(
        "order_lines",
        order_line_id=line_id,
        order_id=order["order_id"],
        seller_id=shop,
        product_id=item["product_id"],
        quantity=item["quantity"],
        original_amount=item["sku_original_price"] * item["quantity"],
        seller_discount=item["sku_seller_discount"],
        platform_discount=item["sku_platform_discount"],
        is_gift=False,
        updated_at=order["update_time"],
    )


def _reverse_orders(sample: Path) -> Rows:
    reverse_orders = [
        order for example in _answer(sample) for order in example["response"]["body"]["data"]["reverse_list"]
    ]
    rows = [
        _row(
            "refunds",
            refund_id=order["reverse_order_id"],
            order_id=order["order_id"],
            order_line_id=f"{order['order_id']}-{item['sku_id']}" if item["sku_id"] else None,
            kind=order["reverse_type"],
            quantity=item["return_quantity"],
            amount=order["refund_total"],
            status=order["reverse_status_value"],
            updated_at=order["reverse_update_time"],
        )
        for order in reverse_orders
        for item in order["return_item_list"]
    ]
    return {"refunds": rows}


def _cancelled_order(sample: Path) -> Rows:
    """Who cancels learns the number of the refund and nothing else."""
    rows = [
        _row(
            "refunds",
            refund_id=example["response"]["body"]["data"]["reverse_main_order_id"],
            order_id=example["request"]["body"]["order_id"],
            kind="CANCEL",
        )
        for example in _answer(sample)
    ]
    return {"refunds": rows}


def _affiliate_orders(sample: Path) -> Rows:
    """The SKU of an affiliate order is one object, whatever its name says."""
    rows = [
        _row(
            "attributions",
            order_line_id=f"{order['id']}-{order['skus']['id']}",
            order_id=order["id"],
            content_type=order["skus"]["content_type"],
            content_id=order["skus"]["content_id"],
            creator_id=order["skus"]["creator_username"],
            target_collaboration_id=order["skus"].get("target_collaboration_id"),
            updated_at=order["delivery_time"],
        )
        for order in _answer(sample)["data"]["orders"]
    ]
    return {"attributions": rows}


def _live_sessions(sample: Path) -> Rows:
    """Of the sample's shapes those of a livestream; sums of a day or a minute are no record of the contract."""
    shapes = _answer(sample)
    listed = shapes["list_202509_shop_lives_performance"]["data"]["live_stream_sessions"]
    rows = [
        _row(
            "live_sessions",
            live_id=session["id"],
            seller_id=SHOP,
            creator_id=session["username"],
            started_at=session["start_time"],
            ended_at=session["end_time"],
            viewers=session.get("interaction_performance", {}).get("viewers"),
            title=session["title"],
            updated_at=session["end_time"],
        )
        for session in [*listed, shapes["list_variant_string_times_and_percent_strings"]]
    ]
    return {"live_sessions": rows}


def _shops(sample: Path) -> Rows:
    answer = _answer(sample)
    shops = answer["data"]["shops"] if "data" in answer else answer[0]["response"]["body"]["data"]["shop_list"]
    rows = [
        _row("sellers", seller_id=shop.get("id", shop.get("shop_id")), name=shop.get("name", shop.get("shop_name")))
        for shop in shops
    ]
    return {"sellers": rows}


def _promotions(sample: Path) -> Rows:
    """Coupons are COUPON; what an activity is, its answer does not say."""
    data = _answer(sample)["data"]
    rows = [
        _row(
            "deals",
            deal_id=deal.get("coupon_id", deal.get("activity_id")),
            seller_id=SHOP,
            kind="COUPON" if "coupon_id" in deal else None,
            starts_at=deal.get("begin_time", deal.get("start_time")),
            ends_at=deal.get("end_time"),
            updated_at=deal.get("update_time"),
        )
        for deal in data.get("coupons", data.get("activities", [data]))
    ]
    return {"deals": rows}


def _seller_center(time_format: str) -> Callable[[Path], Rows]:
    """The adapter for exports that write times like that; each row of one is a line, and says its order again."""

    def time(text: str) -> str | None:
        return datetime.strptime(text.strip(), time_format).isoformat() if text.strip() else None

    def adapt(sample: Path) -> Rows:
        with sample.open(encoding="utf-8-sig", newline="") as stream:
            lines = list(csv.DictReader(stream))
        rows: Rows = {"orders": [], "order_lines": []}
        for line in lines:
            created, paid = time(line["Created Time"]), time(line["Paid Time"])
            rows["orders"].append(_exported_order(line, created, paid))
            rows["order_lines"].append(_exported_line(line, paid or created))
        return rows

    return adapt


def _exported_order(line: dict[str, str], created: str | None, paid: str | None) -> Record:
    return _row(
        "orders",
        order_id=line["Order ID"],
        buyer_id=line.get("Buyer Username"),
        status=line["Order Status"],
        created_at=created,
        paid_at=paid,
        updated_at=paid or created,
        **_V1,
    )


def _exported_line(line: dict[str, str], updated: str | None) -> Record:
    sku = line.get("SKU ID", line["Seller SKU"])
    quantity = Decimal(line["Quantity"])
    amount = line.get("SKU Subtotal Before Discount") or str(Decimal(line["SKU Unit Original Price"]) * quantity)
    return _row(
        "order_lines",
        order_line_id=f"{line['Order ID'].strip()}-{sku}",
        order_id=line["Order ID"],
        seller_id=SHOP,
        product_id=sku,
        quantity=line["Quantity"],
        original_amount=amount,
        is_gift=False,
        updated_at=updated,
    )


ADAPTERS: dict[str, Callable[[Path], Rows]] = {
    "order_202309/order_search_response_real_shape_MYR_redacted.json": _orders_202309,
    "order_202309/order_full_field_example_IDR.json": _orders_202309,
    "order_202309/shop_lives_performance_shapes.json": _live_sessions,
    "order_202309/seller_center_export_TH_testfixture.csv": _seller_center("%d/%m/%Y %H:%M:%S"),
    "order_202309/seller_center_export_US_testfixture.csv": _seller_center("%m/%d/%Y %I:%M:%S %p"),
    "ipfans_testdata_v1/order__order_detail.json": _orders_v1,
    "ipfans_testdata_v1/order__order_list.json": _orders_v1,
    "ipfans_testdata_v1/finance__search_transactions.json": _orders_v1,
    "ipfans_testdata_v1/reverseorder__get_reverse_list.json": _reverse_orders,
    "ipfans_testdata_v1/order__cancel_order.json": _cancelled_order,
    "ipfans_testdata_v1/shop__get_authorized_shop.json": _shops,
    "docs_examples_202309plus/affiliate-partner__search-tap-affiliate-orders.json": _affiliate_orders,
    "docs_examples_202309plus/affiliate-partner__search-cap-affiliate-orders.json": _affiliate_orders,
    "docs_examples_202309plus/authorization__get-authorized-shop.json": _shops,
    "docs_examples_202309plus/seller__get-active-shops.json": _shops,
    "docs_examples_202309plus/promotion__get-coupon.json": _promotions,
    "docs_examples_202309plus/promotion__search-coupons.json": _promotions,
    "docs_examples_202309plus/promotion__get-activity.json": _promotions,
    "docs_examples_202309plus/promotion__search-activities.json": _promotions,
}
NO_RECORDS = {
    "ipfans_testdata_v1/finance__*settlements.json": "settlements are no feed",
    "ipfans_testdata_v1/order__ship_order.json": "says only that it worked",
    "ipfans_testdata_v1/reverseorder__confirm_reverse.json": "says only that it worked",
    "ipfans_testdata_v1/reverseorder__reject_reverse.json": "says only that it worked",
    "ipfans_testdata_v1/reverseorder__get_reverse_reason.json": "a list of texts",
    "docs_examples_202309plus/affiliate-partner__*campaign*.json": "campaigns and their statistics are no feed",
    "docs_examples_202309plus/analytics__*.json": "simplified by who collected it",
    "docs_examples_202309plus/orders__*.json": "simplified by who collected it",
    "docs_examples_202309plus/return-and-refund__*.json": "simplified by who collected it",
    "docs_examples_202309plus/authorization__get-authorized-category-assets.json": "categories are no feed",
    "docs_examples_202309plus/event__*.json": "addresses of web hooks",
    "docs_examples_202309plus/finance__*.json": "settlements are no feed",
    "docs_examples_202309plus/promotion__create-activity.json": "says only that it worked",
    "docs_examples_202309plus/promotion__deactivate-activity.json": "says only that it worked",
    "docs_examples_202309plus/promotion__*-activity-product.json": "says only that it worked",
    "docs_examples_202309plus/promotion__update-activity.json": "says only that it worked",
    "docs_examples_202309plus/seller__get-seller-permissions.json": "permissions are no feed",
}
"""The samples without an adapter, and why."""
