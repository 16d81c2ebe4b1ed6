"""Laws of bridges on drawn worlds with programs of every kind: every cent is in one class, and each class is what its rows changed.

That both ends are the ledger's is checked by every bridge itself. Does not belong here: known cents (``test_classes``).
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from compiled.records import LONG_AGO, Record
from compiled.world import World
from hypothesis import given
from hypothesis import strategies as st
from properties.effort import tried_on
from properties.program_worlds import COUNTED, CREATORS, FIRST, PARTNERS, amounts, at, program_worlds

from bridge.bridged_home import bridged_home, deciding
from data_contracts.feeds import FEEDS
from data_contracts.terms import Program
from orchestration.awards import read_awards
from orchestration.bridge import CLASSES, bridge
from orchestration.bridge_world import RowClass, open_bridge_world
from orchestration.ledger.entries import AwardKey

DAYS = st.sampled_from(
    [
        (COUNTED[1], date(2025, 10, 5)),
        (COUNTED[0], COUNTED[3]),
        (COUNTED[3], date(2025, 10, 6)),
        (date(2025, 9, 29), date(2025, 10, 4)),
    ]
)
SOLD = {
    "orders": "order_id",
    "order_lines": "order_line_id",
    "attributions": "order_line_id",
    "deal_redemptions": "order_line_id",
}
OF_FEED = {
    "assignments": RowClass.ASSIGNMENTS,
    "refunds": RowClass.REFUNDS,
    "attributions": RowClass.ATTRIBUTIONS,
    **dict.fromkeys(("orders", "order_lines", "deal_redemptions"), RowClass.LATER_VERSIONS),
}
CORRECTIONS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "orders": {"status": st.just("CANCELLED"), "paid_at": st.sampled_from([None, at(COUNTED[2])])},
    "order_lines": {"original_amount_cents": amounts, "is_gift": st.booleans()},
    "attributions": {
        "creator_id": st.sampled_from([None, *CREATORS]),
        "matched_by_partner_id": st.sampled_from(PARTNERS),
    },
    "assignments": {"partner_id": st.sampled_from(PARTNERS)},
    "deal_redemptions": {"restored": st.booleans()},
}


def two_versions(program: Program) -> Program:
    """With terms from October 2 on that pay more by service, and less of referrals."""
    changes = {"affiliate_service": {"rate_bps": 3_000}, "referral_reward": {"amount_per_referral_cents": 3}}
    later = {"effective_from": COUNTED[2], **changes.get(program.kind, {})}
    return program.model_copy(update={"versions": (*program.versions, program.versions[0].model_copy(update=later))})


PROGRAMS = [two_versions(program) for program in FIRST]


@st.composite
def corrected_worlds(draw: st.DrawFn) -> list[Record]:
    """A world in which some records get another version later, which may be an older one."""
    records = draw(program_worlds())
    for feed, columns in CORRECTIONS.items():
        for row in [row for row in records if row.feed == feed]:
            if draw(st.integers(0, 3)) == 0:
                column = draw(st.sampled_from(sorted(columns)))
                landed_on = draw(st.sampled_from([COUNTED[1], date(2025, 10, 4), date(2025, 10, 5)]))
                updated_at = draw(st.sampled_from([at(landed_on)] * 4 + [LONG_AGO]))
                changes = {column: draw(columns[column]), "landed_on": landed_on, "updated_at": updated_at}
                records.append(Record(feed, row.values | changes))
    by_key = {(row.feed, row.values["landed_on"], *map(row.values.get, FEEDS[row.feed].key)): row for row in records}
    return list(by_key.values())


def classes_of(records: Iterable[Record]) -> list[tuple[Record, RowClass]]:
    """Each record with its class, said a second time: what came until a sale was known to be paid is part of it."""
    rows = defaultdict(list)
    for row in records:
        rows[row.feed].append(row.values)
    paid: dict[str, date] = {}
    for order in rows["orders"]:
        if order["paid_at"] is not None:
            paid[order["order_id"]] = min(paid.get(order["order_id"], date.max), order["landed_on"])
    sold: dict[str, date] = {}
    for line in rows["order_lines"]:
        known_on = max(line["landed_on"], paid.get(line["order_id"], date.max))
        sold[line["order_line_id"]] = min(sold.get(line["order_line_id"], date.max), known_on)
    return [(row, _class(row, paid if row.feed == "orders" else sold)) for row in records]


def _class(row: Record, sold: dict[str, date]) -> RowClass:
    if row.feed in SOLD and row.values["landed_on"] <= sold.get(row.values[SOLD[row.feed]], date.max):
        return RowClass.LATE_ORDERS
    return OF_FEED.get(row.feed, RowClass.BESIDE_SALES)


def owed(records: Iterable[Record], programs: Iterable[Program], as_of: date) -> dict[AwardKey, int]:
    """What a world of these records alone owes."""
    world = World(records, list(programs), project=deciding())
    world.build(as_of)
    return {award.key: award.amount_cents for award in read_awards(world.connection)}


def first_terms(program: Program, day: date) -> Program:
    """The program as it was before later versions came."""
    return program if day >= COUNTED[2] else program.model_copy(update={"versions": program.versions[:1]})


@tried_on(3)
@given(corrected_worlds(), DAYS, st.sampled_from(list(RowClass)))
def test_every_cent_is_in_one_class_and_each_class_is_what_its_rows_changed(
    records: list[Record], days: tuple[date, date], through: RowClass
) -> None:
    """A world that is given only the rows of the first classes owes what the bridge's own world owes after them."""
    first, last = days
    before = [first_terms(program, first) for program in PROGRAMS]
    with tempfile.TemporaryDirectory(prefix="bridge_law_") as folder:
        settings = bridged_home(Path(folder), records, PROGRAMS, [first, last])
        found = bridge(settings, first, last)
        with open_bridge_world(settings, first, last) as world:
            for row_class in RowClass:
                if row_class <= through:
                    world.let_in(row_class)
            after = dict(world.awards(before, last))
    assert all(one.old + sum(getattr(one, name) for name in CLASSES) == one.new for _, one in found.lines)
    assert {line.key: line.changes.new for line in found.lines if line.changes.new} == owed(records, PROGRAMS, last)
    let_in = [row for row, of_row in classes_of(records) if row.values["landed_on"] <= first or of_row <= through]
    assert after == owed(let_in, before, last)
