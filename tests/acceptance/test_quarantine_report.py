"""What broke, for people: by feed, day and rule, with an example that does a terminal no harm."""

from __future__ import annotations

from datetime import date

import pytest
from rich.console import Console

from orchestration.contract_view import what_broke
from orchestration.errors import SettingsError
from orchestration.quarantine import broken

OCT_1, OCT_2 = date(2025, 10, 1), date(2025, 10, 2)


@pytest.fixture
def landed(world, good_row):
    """Two rows of one rule and one of another on 1 October; a refused delivery on 2 October."""
    row = good_row["sellers"]
    size = [row | {"seller_id": f"S{number}", "size_class": "HUGE"} for number in (1, 2)]
    prefix = [row | {"seller_id": "S3", "name": "\x1b[31mred\u202e", "payee_id": "MEMBER:1"}]
    world.put_rows("sellers", [*size, *prefix, *(row | {"seller_id": f"G{number}"} for number in range(9))], day=OCT_1)
    world.put("sellers", "a.csv", "seller_id,name\n" + "1,2,3\n" * 3, day=OCT_2)
    world.accept("sellers", OCT_1)
    world.put_rows("sellers", [row | {"tax_form_on_file": "maybe"}] * 3, day=OCT_2)
    world.accept("sellers", OCT_2)
    return world


def test_newest_day_first_and_the_most_frequent_rule_first(landed):
    found = broken(landed.settings).breaches
    assert [(b.landed_on, b.state, b.column, b.rule, b.rows, b.file, b.row_number) for b in found] == [
        (OCT_2, "REFUSED", "tax_form_on_file", "type", 3, "a.csv", 1),
        (OCT_1, "ACCEPTED", "size_class", "enum", 2, "a.csv", 1),
        (OCT_1, "ACCEPTED", "payee_id", "range", 1, "a.csv", 3),
    ]


def test_a_feed_or_a_day_alone(landed):
    assert {b.landed_on for b in broken(landed.settings, "sellers", OCT_1).breaches} == {OCT_1}
    assert broken(landed.settings, "orders").breaches == []
    with pytest.raises(SettingsError, match="nothing of orders of 2025-10-01 was taken in"):
        broken(landed.settings, "orders", OCT_1)


def test_what_a_row_says_moves_no_cursor(landed):
    (told,) = [b.text for b in broken(landed.settings).breaches if b.rule == "range"]
    assert "\\x1b[31mred\\u202e" in told and told.isprintable()
    console = Console(width=200, record=True)
    console.print(what_broke(broken(landed.settings)))
    assert "\x1b" not in console.export_text()


def test_long_rows_are_cut(world, good_row):
    world.put_rows("sellers", [good_row["sellers"] | {"name": "x" * 10_000, "size_class": "HUGE"}])
    world.accept("sellers")
    (breach,) = broken(world.settings).breaches
    assert len(breach.text) == 201 and breach.text.endswith("…")


def test_nothing_broken_says_so(world):
    console = Console(record=True)
    console.print(what_broke(broken(world.settings)))
    assert console.export_text().strip() == "no row is in quarantine, and no delivery is refused"
