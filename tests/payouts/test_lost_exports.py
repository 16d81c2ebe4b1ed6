"""A ledger whose tail is lost for good: what was paid is charged from the files that were kept, so that nobody is paid twice."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from ledger_by_hand import DEBTOR, final, owed

from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.adjustments import Adjustment, Adjustments, Request
from orchestration.ledger.entries import Award
from orchestration.ledger.ledger import Ledger
from orchestration.payouts.lost_exports import charges_of
from orchestration.payouts.lost_payments import charging, doubtful, require_lost, uncharged
from orchestration.payouts.payment_files import control_bytes
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Payee, Proposal, Unpaid

DAY, LATER = date(2026, 1, 15), date(2026, 2, 15)
AWARDS = (
    final(10_000, beneficiary_id='P"1,1'),
    final(7_001, beneficiary_id='=1+1,"\r', instrument="AD_CREDIT"),
    final(305, beneficiary_type="MEMBER", beneficiary_id=" möbius|SHOP_CREDIT ", instrument="SHOP_CREDIT"),
)
PAYEES = {(one.key.beneficiary_type, one.key.beneficiary_id): Payee("account", has_tax_form=True) for one in AWARDS}


class Place(NamedTuple):
    """A ledger, and where the files of its exports are kept."""

    url: str
    kept: Path

    @property
    def ledger(self) -> Ledger:
        return Ledger.open(self.url)

    @property
    def adjustments(self) -> Adjustments:
        return Adjustments.open(self.url)

    def pay(self, day: date) -> dict[str, int]:
        """Proposes, approves, exports and keeps the files; what each payout came to."""
        payouts = Payouts.open(self.url)
        made = [one for one in payouts.propose(day, PAYEES, "ann") if isinstance(one, Proposal)]
        payouts.approve([one.payout_id for one in made], "bob")
        done = payouts.export(day, PAYEES, DEBTOR, "cid")
        for posting_no, name, _, content in payouts.files():
            path = self.kept / f"export-{posting_no:06d}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return {payout.payout_id: payout.amount_cents for payout in done.paid}

    def charge(self) -> list[Adjustment]:
        """Asks for the charges of what is kept, as the command does; all charges of these payments as they stand then."""
        known = {sha256 for _, name, sha256, _ in Payouts.open(self.url).files() if name == "control.json"}
        charges = charges_of(self.kept, known)
        self.adjustments.ask_all(uncharged(charges, self.adjustments.all()), "ann")
        return charging(charges, self.adjustments.all())


@pytest.fixture
def restored(tmp_path: Path) -> Callable[..., Place]:
    """A ledger that paid 10,000 on DAY, and everything of ``then`` on LATER, put back as it was between the two."""

    def made(*then: Award, first: Award = AWARDS[0]) -> Place:
        place = Place(f"sqlite:///{tmp_path / 'now' / 'ledger.sqlite'}", tmp_path / "kept")
        (tmp_path / "now").mkdir()
        owed(place.ledger, "2026-01-15", first)
        place.pay(DAY)
        shutil.copytree(tmp_path / "now", tmp_path / "back-up")
        owed(place.ledger, "2026-02-15", *then)
        place.pay(LATER)
        shutil.rmtree(tmp_path / "now")
        shutil.copytree(tmp_path / "back-up", tmp_path / "now")
        return place

    return made


def unpaid(place: Place, day: date) -> Mapping[str, int]:
    return {one.owner.beneficiary_id: one.balance_cents for one in Payouts.open(place.url).unpaid(day, PAYEES)}


def test_what_was_paid_and_lost_is_charged_and_nobody_is_paid_again(restored: Callable[..., Place]) -> None:
    raised = AWARDS[0]._replace(amount_cents=16_000)
    place = restored(raised, *AWARDS[1:])
    asked = place.charge()
    # The export of DAY is in the ledger: only what LATER paid is charged, 160.00 - 100.00, 70.01 and 3.05, to whom it was paid.
    assert [(*one.request[2:6], one.request.note) for one in asked] == [
        ("PARTNER", '=1+1,"\r', "AD_CREDIT", 7_001, "PARTNER:%3D1%2B1%2C%22%0D|AD_CREDIT|2026-02-15"),
        ("PARTNER", 'P"1,1', "CASH", 6_000, "PARTNER:P%221%2C1|CASH|2026-02-15"),
        (
            "MEMBER",
            " möbius|SHOP_CREDIT ",
            "SHOP_CREDIT",
            305,
            "MEMBER:%20m%C3%B6bius%7CSHOP_CREDIT%20|SHOP_CREDIT|2026-02-15",
        ),
    ]
    place.adjustments.approve([one.adjustment_id for one in asked], "bob", LATER)
    owed(place.ledger, "2026-02-16", raised, *AWARDS[1:])  # the lost days, delivered again
    assert place.pay(date(2026, 3, 15)) == {} and unpaid(place, date(2026, 3, 15)) == {}
    assert place.ledger.verify() == [] and place.adjustments.faults() == [] and Payouts.open(place.url).faults() == []
    assert place.charge() == place.adjustments.all()  # said again, it asks for nothing more
    assert len(place.adjustments.all()) == 3


def test_without_the_charge_all_of_it_would_be_paid_again(restored: Callable[..., Place]) -> None:
    place = restored(*AWARDS)
    owed(place.ledger, "2026-02-16", *AWARDS)
    assert sorted(place.pay(date(2026, 3, 15)).values()) == [305, 7_001]


def test_charges_stand_before_the_days_that_earned_them(restored: Callable[..., Place]) -> None:
    """Approved before the lost days are run again, they leave balances below zero, which carry forward."""
    place = restored(*AWARDS)
    place.adjustments.approve([one.adjustment_id for one in place.charge()], "bob", DAY)
    assert sorted(unpaid(place, LATER).values()) == [-7_001, -305]
    owed(place.ledger, "2026-02-16", *AWARDS, final(50, beneficiary_id='P"1,1', instrument="AD_CREDIT"))
    assert place.pay(date(2026, 3, 15)) == {"PARTNER:P%221%2C1|AD_CREDIT|2026-03-15": 50}


def test_a_payout_keeps_no_name_that_the_bank_has_seen(restored: Callable[..., Place]) -> None:
    """The rest of a lost payment's day would have the same id, by which banks tell a payment that is sent twice."""
    place = restored(AWARDS[0], AWARDS[1])
    (credit,) = charges_of(place.kept, {row[2] for row in Payouts.open(place.url).files()})
    asked = place.adjustments.ask(credit._replace(note=f"{credit.note} as the bank says"), "ann")
    place.adjustments.approve([asked.adjustment_id], "bob", LATER)
    owed(place.ledger, "2026-02-15", AWARDS[0], AWARDS[1]._replace(amount_cents=9_000))
    (waits,) = Payouts.open(place.url).propose(LATER, PAYEES, "ann")
    assert isinstance(waits, Unpaid) and "charged as a lost payment; the next payout day has it" in waits.reason
    (paid,) = place.pay(date(2026, 3, 15)).values()
    assert paid == 1_999  # 90.00 - 70.01


def test_asking_twice_charges_once_whoever_asks(restored: Callable[..., Place]) -> None:
    place = restored(AWARDS[0], AWARDS[1])
    (one,) = place.charge()
    charges = charges_of(place.kept, {row[2] for row in Payouts.open(place.url).files()})
    assert uncharged(charges, [one]) == [] and place.charge() == [one]


def test_a_rejected_charge_is_told_and_not_asked_for_again(restored: Callable[..., Place]) -> None:
    """Somebody saw that it was not sent: asked for again, it would be approved with the others. By hand it still can be."""
    place = restored(AWARDS[0], AWARDS[1])
    (one,) = place.charge()
    place.adjustments.reject(one.adjustment_id, "bob")
    assert [(again.adjustment_id, again.decision) for again in place.charge()] == [("adj-000001", "REJECTED")]
    by_hand = one.request._replace(evidence_name="bank.pdf")
    require_lost(by_hand, "ann", place.adjustments.all(), [])
    place.adjustments.ask(by_hand, "ann")
    assert [(again.adjustment_id, again.decision) for again in place.charge()] == [
        ("adj-000001", "REJECTED"),
        ("adj-000002", None),
    ]


def test_a_copy_of_an_export_charges_nobody_again(restored: Callable[..., Place]) -> None:
    place = restored(AWARDS[0], AWARDS[1])
    folder = max(place.kept.glob("export-*"))
    shutil.copytree(folder, folder.with_name(f"{folder.name} (copy)"))
    assert [one.request.amount_cents for one in place.charge()] == [7_001]


def test_two_exports_of_one_payout_are_two_payments(restored: Callable[..., Place]) -> None:
    """As where a restored ledger paid it again before anybody charged it, found together or one after the other."""
    place = restored(AWARDS[0], AWARDS[1])
    folder = max(place.kept.glob("export-*"))
    (first,) = place.charge()
    other = shutil.copytree(folder, folder.with_name("export-000009"))
    rewritten(other / "control.json", posting_no=9)
    asked = place.charge()
    assert [one.request.amount_cents for one in asked] == [7_001, 7_001] and asked[0] == first
    assert place.charge() == asked
    owed(place.ledger, "2026-02-16", AWARDS[0], AWARDS[1]._replace(amount_cents=20_000))
    place.adjustments.approve([one.adjustment_id for one in asked], "bob", LATER)
    assert list(place.pay(date(2026, 3, 15)).values()) == [5_998]  # 200.00 - 2 x 70.01


@pytest.mark.parametrize("more", ["", " sent a second time"])
def test_what_was_charged_by_hand_too_waits_for_somebody_who_looks(restored: Callable[..., Place], more: str) -> None:
    """No file tells whether a charge by hand was of this export, or of another one of the same payout that was sent too."""
    place = restored(AWARDS[0], *AWARDS[1:])
    credit, _ = charges_of(place.kept, {one[2] for one in Payouts.open(place.url).files()})
    by_hand = credit._replace(note=credit.note + more, evidence_name="bank.pdf", evidence_sha256="0" * 64)
    place.adjustments.ask(by_hand, "dan")
    place.charge()
    standing = place.adjustments.all()
    # One sentence for both, so that nobody rejects both.
    why = (
        f"{credit.note} stands as adj-000001 (7001 cents, asked for by dan, waits), as adj-000002 (7001 cents, asked for by ann, "
        "waits): keep one that counts for each time that it was paid and did not come back, approve by id what of them waits, and "
        "reject the rest; an approved one is corrected by a grant or a charge of another reason"
    )
    assert doubtful(standing, standing, []) == {"adj-000001": why, "adj-000002": why}
    assert list(doubtful(standing[1:], standing, [])) == ["adj-000002"]  # adj-000003 charges another payout
    place.adjustments.reject("adj-000001", "bob")
    assert doubtful(standing[1:], place.adjustments.all(), []) == {}


def test_what_the_ledger_counts_and_somebody_charges_too_waits_for_somebody_who_looks(
    restored: Callable[..., Place],
) -> None:
    """Whoever works through a bank's list says in a note where it was read, and so charges what is no lost payment."""
    place = restored(AWARDS[0])
    payouts = Payouts.open(place.url).payouts()
    name = payouts[0].payout_id
    by_hand = BY_HAND._replace(beneficiary_id='P"1,1', note=f"{name} (line 7 of the bank's list)")
    standing = place.adjustments.ask_all([by_hand, by_hand._replace(note=name.replace("-01-", "-02-"))], "dan")
    (why,) = doubtful(standing, standing, payouts).values()
    assert why.startswith(f"{name} stands in the ledger (EXPORTED), as adj-000001 (5 cents, asked for by dan, waits): ")
    # Another export of the same payout is one more payment: its file says so.
    from_file = [charge._replace(request=charge.request._replace(evidence_name="control.json")) for charge in standing]
    assert doubtful(from_file, from_file, payouts) == {}


def test_a_payment_that_came_back_counts_no_more_and_may_be_charged(restored: Callable[..., Place]) -> None:
    """As where the bank took the same payment of a restored ledger for a repetition: what arrived is charged by hand."""
    place = restored(AWARDS[0])
    name = Payouts.open(place.url).payouts()[0].payout_id
    Payouts.open(place.url).fail([name], "cid", "a repetition", LATER)
    payouts = Payouts.open(place.url).payouts()
    by_hand = BY_HAND._replace(beneficiary_id='P"1,1', note=name)
    require_lost(by_hand, "dan", [], payouts)
    standing = place.adjustments.ask_all([by_hand], "dan")
    (why,) = doubtful(standing, standing, payouts).values()
    assert why.startswith(
        f"{name} stands in the ledger (FAILED, so it came back and counts no more), as adj-000001 (5 cents, "
    )


BY_HAND = Request("CHARGE", "lost_payment", "PARTNER", "P 1", "CASH", 5, "PARTNER:P%201|CASH|2026-02-15", "e", "0" * 64)


@pytest.mark.parametrize(
    "change",
    [
        {"note": "the payment of February"},
        {"note": "PARTNER:P%201|CASH|2026-02-30"},
        {"note": "see PARTNER:P%201|CASH|2026-02-15"},
        {"instrument": "AD_CREDIT"},
        {"beneficiary_id": "P2"},
        {"beneficiary_type": "CREATOR"},
    ],
    ids=str,
)
def test_a_charge_by_hand_names_the_payment_of_that_account(change: dict[str, str]) -> None:
    require_lost(BY_HAND, "ann", [], [])
    require_lost(BY_HAND._replace(note=f"{BY_HAND.note} again, as the bank says"), "ann", [], [])
    with pytest.raises(SettingsError, match="the note of a lost_payment begins with its payout's id, which names the"):
        require_lost(BY_HAND._replace(**change), "ann", [], [])


def test_a_payment_that_the_ledger_has_or_charged_is_charged_by_hand_only_as_another(
    restored: Callable[..., Place],
) -> None:
    place = restored(AWARDS[0], AWARDS[1])
    payouts = Payouts.open(place.url).payouts()
    here = BY_HAND._replace(beneficiary_id='P"1,1', note=payouts[0].payout_id)
    with pytest.raises(RefusedError, match=r"the ledger has PARTNER:.*, EXPORTED, and counts it: if it was paid twice"):
        require_lost(here, "ann", [], payouts)
    require_lost(here._replace(note=f"{here.note} again"), "ann", [], payouts)
    (one,) = place.charge()
    lost = one.request._replace(evidence_name="bank.pdf")
    with pytest.raises(RefusedError, match="adj-000001 charges PARTNER:.*already, by 7001 cents: if it was paid twice"):
        require_lost(lost, "ann", [one], payouts)
    (same,) = place.adjustments.ask_all([lost], "ann")
    require_lost(lost, "ann", [same], payouts)  # the same one, said again
    with pytest.raises(SettingsError, match="control.json is what `incentives adjust charge-lost` reads"):
        require_lost(one.request, "ann", [], payouts)
    require_lost(lost._replace(note=f"{lost.note} again"), "ann", [one], payouts)
    (posted,) = place.adjustments.approve([one.adjustment_id], "bob", LATER)
    with pytest.raises(RefusedError, match="adj-000001 charges PARTNER:"):
        require_lost(lost, "ann", [posted], payouts)


@pytest.mark.parametrize("more", ["", " as the bank says"])
def test_an_approved_payout_is_not_paid_under_a_name_that_was_lost(restored: Callable[..., Place], more: str) -> None:
    """Approved first, charged then: the rest of its balance would reach the bank under an id that it has seen."""
    place = restored(AWARDS[0], AWARDS[1])
    owed(place.ledger, "2026-02-15", AWARDS[0], AWARDS[1])
    payouts = Payouts.open(place.url)
    (proposal,) = payouts.propose(LATER, PAYEES, "ann")
    payouts.approve([proposal.payout_id], "bob")
    (credit,) = charges_of(place.kept, {row[2] for row in Payouts.open(place.url).files()})
    asked = place.adjustments.ask(credit._replace(note=credit.note + more), "ann")
    place.adjustments.approve([asked.adjustment_id], "bob", LATER)
    owed(place.ledger, "2026-02-16", AWARDS[0], AWARDS[1]._replace(amount_cents=20_000))
    done = payouts.export(LATER, PAYEES, DEBTOR, "cid")
    assert done.cancelled == ((proposal.payout_id, "charged as a lost payment; the next payout day has it"),)
    assert list(place.pay(date(2026, 3, 15)).values()) == [12_999]  # 200.00 - 70.01


def test_a_rejected_charge_keeps_nobody_waiting(restored: Callable[..., Place]) -> None:
    place = restored(AWARDS[0], AWARDS[1])
    (one,) = place.charge()
    place.adjustments.reject(one.adjustment_id, "bob")
    owed(place.ledger, "2026-02-15", AWARDS[0], AWARDS[1])
    (proposal,) = Payouts.open(place.url).propose(LATER, PAYEES, "ann")
    assert isinstance(proposal, Proposal)


def rewritten(totals: Path, **changed: object) -> None:
    totals.write_bytes(control_bytes({**json.loads(totals.read_text()), **changed}))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file was changed": (
        lambda at: (at / "ad_credit.jsonl").write_text("x"),
        "ad_credit.jsonl is not what was exported",
    ),
    "a file is gone": (lambda at: (at / "ad_credit.jsonl").unlink(), "ad_credit.jsonl is missing"),
    "the totals are gone": (lambda at: (at / "control.json").unlink(), "control.json is missing"),
    "the totals are nested": (
        lambda at: (at / "control.json").write_text("[" * 200_000),
        "holds no export that can be read",
    ),
    "the totals are none": (lambda at: (at / "control.json").write_text("[]\n"), "holds no export that can be read"),
    "the totals are no text": (lambda at: (at / "control.json").write_bytes(b"\xff"), "holds no export that can be"),
    "an unknown instrument": (lambda at: rewritten(at / "control.json", instruments={"GOLD": {}}), "that can be read"),
    "the totals were saved anew": (
        lambda at: (at / "control.json").write_text((at / "control.json").read_text().rstrip()),
        "control.json is not what was exported",
    ),
    "a folder has another name": (
        lambda at: at.rename(at.with_name(f"sent {at.name}")),
        "is no folder of an export: call it export-",
    ),
    "other totals": (
        lambda at: rewritten(at / "control.json", instruments={"AD_CREDIT": {"count": 1, "total_cents": 7_000}}),
        "does not come to its totals of AD_CREDIT",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_files_that_are_not_as_they_were_exported_charge_nobody(restored: Callable[..., Place], damage: str) -> None:
    place, (change, told) = restored(AWARDS[0], AWARDS[1]), DAMAGES[damage]
    change(max(place.kept.glob("export-*")))
    with pytest.raises(RefusedError, match=told):
        place.charge()
    assert place.adjustments.all() == []


@pytest.mark.parametrize(
    "row",
    [
        {"grant_id": "PARTNER:P1|AD_CREDIT", "amount_cents": 5},
        {"grant_id": "PARTNER:P=1|AD_CREDIT|2026-02-15", "amount_cents": 5},
        {"grant_id": "PARTNER:P1|AD_CREDIT|2026-02-30", "amount_cents": 5},
        {"grant_id": "PARTNER:P1|AD_CREDIT|2026-02-15", "amount_cents": "5"},
        {"amount_cents": 5},
    ],
    ids=str,
)
def test_a_file_that_agrees_with_its_totals_and_names_no_payout_charges_nobody(
    tmp_path: Path, row: dict[str, object]
) -> None:
    folder = tmp_path / "export-000001"
    folder.mkdir()
    grant = json.dumps(row)
    (folder / "ad_credit.jsonl").write_text(grant)
    totals = {"count": 1, "total_cents": 5}
    of_file = {"sha256": hashlib.sha256(grant.encode()).hexdigest()}
    (folder / "control.json").write_bytes(
        control_bytes({"instruments": {"AD_CREDIT": totals}, "files": {"ad_credit.jsonl": of_file}})
    )
    with pytest.raises(RefusedError, match="holds no export that can be read"):
        charges_of(tmp_path, ())


def test_a_folder_without_exports_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds no export; name the `payouts` folder that was kept"):
        charges_of(tmp_path, ())
