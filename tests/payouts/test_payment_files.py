"""The files of an export: to the byte, by the bank's schema, and as readers of their own understand them.

The schema is the one that sepaxml carries. Does not belong here: which payouts are exported, and their states.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from datetime import date
from decimal import localcontext
from importlib import resources
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.chain import Head
from orchestration.payouts import credit_transfers
from orchestration.payouts.payment_files import Debtor, Payment, rendered
from orchestration.payouts.spreadsheet_cells import neutralised

DAY = date(2025, 11, 15)
DEBTOR = Debtor("Shop & Co", "000123", "CHASUS33")
SPACE = {"": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
MOST = 10**15
"""Ten trillion dollars in cents."""


def payment(
    beneficiary: str = "p-1",
    cents: int = 1,
    instrument: str = "CASH",
    payee: str = "acct-1",
    kind: str = "PARTNER",
) -> Payment:
    payout_id = f"{kind}:{quote(beneficiary, safe='')}|{instrument}|{DAY}"
    return Payment(payout_id, kind, beneficiary, instrument, payee, cents, DAY)


def export(*payments: Payment, debtor: Debtor = DEBTOR) -> dict[str, bytes]:
    return rendered(Head(11, 40, "c0ffee0123456789"), DAY, payments, debtor)


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(resources.files("sepaxml") / "schemas" / "pain.001.001.09.xsd"))


def text_at(element: ElementTree.Element, path: str) -> str:
    found = element.findall(path, SPACE)
    assert len(found) == 1, path
    return found[0].text or ""


def cents_of(dollars: str) -> int:
    whole, point, cents = dollars.partition(".")
    assert point == "." and len(cents) == 2 and (whole + cents).isdigit()
    return int(whole + cents)


def transfers(xml: bytes) -> list[tuple[str, str, int, str, str]]:
    """End-to-end id, remittance, cents, creditor and account of each transfer, when the sums of both headers agree."""
    root = ElementTree.fromstring(xml)
    found = [
        (
            text_at(transfer, "PmtId/EndToEndId"),
            text_at(transfer, "RmtInf/Ustrd"),
            cents_of(text_at(transfer, "Amt/InstdAmt[@Ccy='USD']")),
            text_at(transfer, "Cdtr/Nm"),
            text_at(transfer, "CdtrAcct/Id/Othr/Id"),
        )
        for transfer in root.findall("CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf", SPACE)
    ]
    for header in ("CstmrCdtTrfInitn/GrpHdr", "CstmrCdtTrfInitn/PmtInf"):
        assert int(text_at(root, f"{header}/NbOfTxs")) == len(found)
        assert cents_of(text_at(root, f"{header}/CtrlSum")) == sum(transfer[2] for transfer in found)
    return found


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))


# To the byte

GOLDEN_XML = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">
  <CstmrCdtTrfInitn>
    <GrpHdr>
      <MsgId>PAY-2025-11-15-12-c0ffee01</MsgId>
      <CreDtTm>2025-11-15T00:00:00Z</CreDtTm>
      <NbOfTxs>2</NbOfTxs>
      <CtrlSum>1204.01</CtrlSum>
      <InitgPty>
        <Nm>Shop &amp; Co</Nm>
      </InitgPty>
    </GrpHdr>
    <PmtInf>
      <PmtInfId>PAY-2025-11-15-12-c0ffee01</PmtInfId>
      <PmtMtd>TRF</PmtMtd>
      <NbOfTxs>2</NbOfTxs>
      <CtrlSum>1204.01</CtrlSum>
      <ReqdExctnDt>
        <Dt>2025-11-15</Dt>
      </ReqdExctnDt>
      <Dbtr>
        <Nm>Shop &amp; Co</Nm>
      </Dbtr>
      <DbtrAcct>
        <Id>
          <Othr>
            <Id>000123</Id>
          </Othr>
        </Id>
      </DbtrAcct>
      <DbtrAgt>
        <FinInstnId>
          <BICFI>CHASUS33</BICFI>
        </FinInstnId>
      </DbtrAgt>
      <CdtTrfTxInf>
        <PmtId>
          <EndToEndId>Pe290102f3bab07d5f387515e0a9d5703e6</EndToEndId>
        </PmtId>
        <Amt>
          <InstdAmt Ccy="USD">1204.00</InstdAmt>
        </Amt>
        <Cdtr>
          <Nm>c &amp;=1</Nm>
        </Cdtr>
        <CdtrAcct>
          <Id>
            <Othr>
              <Id>=1+"2"</Id>
            </Othr>
          </Id>
        </CdtrAcct>
        <RmtInf>
          <Ustrd>CREATOR:c%20%26%3D1|CASH|2025-11-15</Ustrd>
        </RmtInf>
      </CdtTrfTxInf>
      <CdtTrfTxInf>
        <PmtId>
          <EndToEndId>P363146f3de170cf3feb51308ba79f86e14</EndToEndId>
        </PmtId>
        <Amt>
          <InstdAmt Ccy="USD">0.01</InstdAmt>
        </Amt>
        <Cdtr>
          <Nm>p-1</Nm>
        </Cdtr>
        <CdtrAcct>
          <Id>
            <Othr>
              <Id>acct-1</Id>
            </Othr>
          </Id>
        </CdtrAcct>
        <RmtInf>
          <Ustrd>PARTNER:p-1|CASH|2025-11-15</Ustrd>
        </RmtInf>
      </CdtTrfTxInf>
    </PmtInf>
  </CstmrCdtTrfInitn>
</Document>
"""
GOLDEN_CSV = (
    "payout_id,end_to_end_id,beneficiary_type,beneficiary_id,payee_id,amount,currency,payout_day\n"
    "CREATOR:c%20%26%3D1|CASH|2025-11-15,Pe290102f3bab07d5f387515e0a9d5703e6,CREATOR,c &=1,"
    '"\'=1+""2""",1204.00,USD,2025-11-15\n'
    "PARTNER:p-1|CASH|2025-11-15,P363146f3de170cf3feb51308ba79f86e14,PARTNER,p-1,acct-1,0.01,USD,2025-11-15\n"
)
GOLDEN_GRANTS = (
    '{"amount_cents":7,"beneficiary_id":"\\u00e9","beneficiary_type":"MEMBER",'
    '"grant_id":"MEMBER:%C3%A9|SHOP_CREDIT|2025-11-15","instrument":"SHOP_CREDIT","payee_id":"MEMBER:\\u00e9"}\n'
    '{"amount_cents":5000,"beneficiary_id":"m-1","beneficiary_type":"MEMBER",'
    '"grant_id":"MEMBER:m-1|SHOP_CREDIT|2025-11-15","instrument":"SHOP_CREDIT","payee_id":"MEMBER:m-1"}\n'
)
CASH = (payment(), payment("c &=1", 120_400, payee='=1+"2"', kind="CREATOR"))
GRANTS = (
    payment("é", 7, "SHOP_CREDIT", "MEMBER:é", "MEMBER"),
    payment("m-1", 5_000, "SHOP_CREDIT", "MEMBER:m-1", "MEMBER"),
)


def test_an_export_is_known_to_the_byte() -> None:
    files = export(*CASH, *GRANTS)
    control = json.loads(files.pop("control.json"))
    assert files == {
        "cash.pain001.xml": GOLDEN_XML.encode(),
        "cash.csv": GOLDEN_CSV.encode(),
        "shop_credit.jsonl": GOLDEN_GRANTS.encode(),
    }
    cash, credit = {"count": 2, "total_cents": 120_401}, {"count": 2, "total_cents": 5_007}
    assert control == {
        "posting_no": 12,
        "as_of": "2025-11-15",
        "instruments": {"CASH": cash, "SHOP_CREDIT": credit},
        "files": {
            "cash.pain001.xml": {"sha256": hashlib.sha256(GOLDEN_XML.encode()).hexdigest(), **cash},
            "cash.csv": {"sha256": hashlib.sha256(GOLDEN_CSV.encode()).hexdigest(), **cash},
            "shop_credit.jsonl": {"sha256": hashlib.sha256(GOLDEN_GRANTS.encode()).hexdigest(), **credit},
        },
    }


def test_the_control_file_is_known_to_the_byte() -> None:
    digest = hashlib.sha256(export(*GRANTS)["shop_credit.jsonl"]).hexdigest()
    assert export(*GRANTS)["control.json"].decode() == (
        '{\n  "as_of": "2025-11-15",\n  "files": {\n    "shop_credit.jsonl": {\n      "count": 2,\n'
        f'      "sha256": "{digest}",\n      "total_cents": 5007\n    }}\n  }},\n'
        '  "instruments": {\n    "SHOP_CREDIT": {\n      "count": 2,\n      "total_cents": 5007\n    }\n  },\n'
        '  "posting_no": 12\n}\n'
    )


def test_the_order_of_payouts_does_not_matter() -> None:
    assert export(*CASH, *GRANTS) == export(*reversed(CASH + GRANTS))


def test_the_decimal_context_does_not_matter() -> None:
    expected = export(payment(cents=MOST - 1))
    with localcontext() as context:
        context.prec = 3
        assert export(payment(cents=MOST - 1)) == expected


def test_only_instruments_that_are_there_have_files() -> None:
    assert export(*CASH).keys() == {"cash.pain001.xml", "cash.csv", "control.json"}
    assert export(payment(instrument="AD_CREDIT")).keys() == {"ad_credit.jsonl", "control.json"}
    assert json.loads(export()["control.json"]) == {
        "posting_no": 12,
        "as_of": "2025-11-15",
        "instruments": {},
        "files": {},
    }


def test_no_message_id_is_used_again() -> None:
    """A ledger put back from a back-up may come to the same number and day: a bank that saw the first drops the second."""
    files = [
        rendered(Head(11, 40, hash_), DAY, [payment()], DEBTOR)["cash.pain001.xml"] for hash_ in ("a" * 64, "b" * 64)
    ]
    first, second = (str(content).split("<MsgId>")[1].split("</MsgId>")[0] for content in files)
    assert (first, second) == ("PAY-2025-11-15-12-aaaaaaaa", "PAY-2025-11-15-12-bbbbbbbb")


IN_ANOTHER_PROCESS = """
import hashlib
from datetime import date
from orchestration.ledger.chain import Head
from orchestration.payouts.payment_files import Debtor, Payment, rendered
day = date(2025, 11, 15)
payments = {
    Payment(f"PARTNER:{n}|{kind}|{day}", "PARTNER", str(n), kind, f"a{n}", n, day)
    for n in range(1, 30) for kind in ("CASH", "AD_CREDIT", "SHOP_CREDIT")
}
print(next(iter(payments)).payout_id)
for name, content in rendered(Head(11, 40, "c0ffee01"), day, list(payments), Debtor("D", "1", "CHASUS33")).items():
    print(name, hashlib.sha256(content).hexdigest())
"""


def test_processes_that_hash_otherwise_write_the_same_bytes() -> None:
    first, second = (
        subprocess.run(
            [sys.executable, "-c", IN_ANOTHER_PROCESS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).resolve().parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for seed in ("1", "2")
    )
    assert first[0] != second[0], "the payouts came in one order, which proves nothing"
    assert first[1:] == second[1:] and len(first) == 6


# By the bank's schema, and read back


def test_the_golden_message_is_valid(schema: xmlschema.XMLSchema) -> None:
    schema.validate(GOLDEN_XML)


def test_the_least_and_the_most(schema: xmlschema.XMLSchema) -> None:
    files = export(payment("least", 1), payment("most", MOST), payment("some", 120_400))
    schema.validate(files["cash.pain001.xml"].decode())
    assert [transfer[2] for transfer in transfers(files["cash.pain001.xml"])] == [1, MOST, 120_400]
    assert [row["amount"] for row in rows(files["cash.csv"])] == ["0.01", "10000000000000.00", "1204.00"]
    assert json.loads(files["control.json"])["instruments"]["CASH"]["total_cents"] == 1_000_000_000_120_401


def test_a_control_sum_has_18_digits_and_no_more(schema: xmlschema.XMLSchema) -> None:
    fits = export(payment("one", 1), payment("two", 10**18 - 2))
    schema.validate(fits["cash.pain001.xml"].decode())
    assert b"<CtrlSum>9999999999999999.99</CtrlSum>" in fits["cash.pain001.xml"]
    assert [transfer[2] for transfer in transfers(fits["cash.pain001.xml"])] == [1, 10**18 - 2]
    assert [row["amount"] for row in rows(fits["cash.csv"])] == ["0.01", "9999999999999999.98"]
    with pytest.raises(RefusedError, match="10000000000000000.00 dollars, more than a pain.001 control sum can say"):
        export(payment("one", 1), payment("two", 10**18 - 1))


@pytest.mark.parametrize(
    "text", ["Ærøskøbing 東京 🙂", "\"a\" & 'b' <c> ]]>", "=1+1", " \ttwo\nlines ", "a,b;c", "\u2028\x85\x7f"]
)
def test_text_is_left_as_it_is(text: str, schema: xmlschema.XMLSchema) -> None:
    files = export(payment(text, 5, payee=text), payment(text, 5, "AD_CREDIT", payee=text))
    schema.validate(files["cash.pain001.xml"].decode())
    [(_, remittance, _, creditor, account)] = transfers(files["cash.pain001.xml"])
    assert (remittance, creditor, account) == (payment(text).payout_id, text, text)
    [row] = rows(files["cash.csv"])
    assert (row["beneficiary_id"], row["payee_id"]) == (neutralised(text), neutralised(text))
    grant = json.loads(files["ad_credit.jsonl"])
    assert (grant["beneficiary_id"], grant["payee_id"]) == (text, text)


def test_a_payout_is_found_by_its_end_to_end_id_however_long_its_own_is(schema: xmlschema.XMLSchema) -> None:
    long = "é" * 150
    files = export(payment(long), payment(f"{long}2"))
    schema.validate(files["cash.pain001.xml"].decode())
    sent, listed = transfers(files["cash.pain001.xml"]), rows(files["cash.csv"])
    assert [transfer[0] for transfer in sent] == [row["end_to_end_id"] for row in listed]
    assert len({transfer[0] for transfer in sent}) == 2 and {len(transfer[0]) for transfer in sent} == {35}
    assert {transfer[1] for transfer in sent} == {payment(long).payout_id[:140]}
    assert {transfer[3] for transfer in sent} == {"é" * 140}
    assert {row["payout_id"] for row in listed} == {payment(long).payout_id, payment(f"{long}2").payout_id}


def test_the_debtors_bank_is_a_bic_or_a_clearing_member(schema: xmlschema.XMLSchema) -> None:
    for agent, path in (
        ("CHASUS33XXX", "BICFI"),
        ("021000021", "ClrSysMmbId/MmbId"),
    ):
        xml = export(payment(), debtor=DEBTOR._replace(agent=agent))["cash.pain001.xml"]
        schema.validate(xml.decode())
        where = f"CstmrCdtTrfInitn/PmtInf/DbtrAgt/FinInstnId/{path}"
        assert text_at(ElementTree.fromstring(xml), where) == agent


@pytest.mark.parametrize("agent", ["CHASUS33XX", "chasus33", "CHASUS33 ", "Chase", "02100002１"])
def test_a_mistyped_bank_is_a_setting_to_mend(agent: str) -> None:
    with pytest.raises(SettingsError, match=r"the debtor's agent .* is no bank: set its BIC \(8 or 11 capitals"):
        export(payment(), debtor=DEBTOR._replace(agent=agent))


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=34)
CELLS = st.one_of(TEXTS, st.text("'\"=+-@＝ \t\né&<,a1", min_size=1, max_size=8))
PAYMENTS = st.lists(
    st.builds(
        payment,
        CELLS,
        st.one_of(st.integers(1, 100), st.integers(1, MOST)),
        st.sampled_from(["CASH", "AD_CREDIT", "SHOP_CREDIT"]),
        CELLS,
        st.sampled_from(["PARTNER", "CREATOR", "SELLER", "MEMBER"]),
    ),
    max_size=6,
    unique_by=lambda payment: payment.payout_id,
)


@settings(max_examples=100, deadline=None)
@given(PAYMENTS)
def test_whatever_is_paid_the_files_are_valid_and_agree_with_their_totals(
    schema: xmlschema.XMLSchema, payments: list[Payment]
) -> None:
    files = export(*payments)
    control = json.loads(files.pop("control.json"))
    paid: dict[str, list[Payment]] = {}
    for one in sorted(payments):
        paid.setdefault(one.instrument, []).append(one)
    totals = {
        name: {"count": len(some), "total_cents": sum(one.amount_cents for one in some)} for name, some in paid.items()
    }
    assert control["instruments"] == totals
    assert control["files"].keys() == files.keys()
    for name, content in files.items():
        instrument = name.partition(".")[0].upper()
        assert control["files"][name] == {"sha256": hashlib.sha256(content).hexdigest(), **totals[instrument]}
    if "CASH" in paid:
        schema.validate(files["cash.pain001.xml"].decode())
        sent, listed = transfers(files["cash.pain001.xml"]), rows(files["cash.csv"])
        assert [transfer[2:] for transfer in sent] == [
            (one.amount_cents, one.beneficiary_id, one.payee_id) for one in paid["CASH"]
        ]
        assert [(row["end_to_end_id"], cents_of(row["amount"])) for row in listed] == [
            (transfer[0], transfer[2]) for transfer in sent
        ]
        assert [row["payee_id"] for row in listed] == [neutralised(one.payee_id) for one in paid["CASH"]]
    for instrument in paid.keys() - {"CASH"}:
        lines = files[f"{instrument.lower()}.jsonl"].decode().splitlines()
        assert [(json.loads(line)["grant_id"], json.loads(line)["amount_cents"]) for line in lines] == [
            (one.payout_id, one.amount_cents) for one in paid[instrument]
        ]


# What is refused


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"amount_cents": 0}, "is of 0 cents"),
        ({"amount_cents": -1}, "is of -1 cents"),
        ({"amount_cents": 1.0}, "is of 1.0 cents"),
        ({"amount_cents": True}, "is of True cents"),
        ({"amount_cents": None}, "is of None cents"),
        ({"instrument": "GOLD"}, "has instrument 'GOLD', and an instrument is CASH, AD_CREDIT, SHOP_CREDIT"),
        ({"beneficiary_type": "SHOP"}, "is for a 'SHOP'"),
        ({"beneficiary_id": ""}, "has no beneficiary_id"),
        ({"payee_id": ""}, "has no payee_id"),
        ({"payee_id": "a\ud800"}, "has the broken text"),
    ],
)
@pytest.mark.parametrize("instrument", ["CASH", "AD_CREDIT"])
def test_a_payout_that_cannot_be_paid_is_named(wrong: dict[str, object], says: str, instrument: str) -> None:
    bad = payment("bad", instrument=instrument)._replace(**wrong)  # type: ignore[arg-type]
    with pytest.raises(RefusedError) as refused:
        export(payment("good"), bad)
    assert says in str(refused.value) and "PARTNER:bad" in str(refused.value) and "\n" not in str(refused.value)


def test_a_payout_twice_is_refused_whatever_else_is_said_of_it() -> None:
    for twin in (payment(), payment(cents=2), payment(payee="other"), payment()._replace(instrument="AD_CREDIT")):
        with pytest.raises(RefusedError, match="PARTNER:p-1.*is twice in the export"):
            export(payment(), payment("p-0"), twin)


@pytest.mark.parametrize("sign", ["\0", "\x08", "\r", "\x1f", "\ufffe", "\uffff"])
@pytest.mark.parametrize("field", ["payout_id", "beneficiary_id", "payee_id"])
def test_what_xml_cannot_hold_is_refused_by_name(sign: str, field: str) -> None:
    bad = payment()._replace(**{field: f"a{sign}b"})  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match=f"holds U\\+{ord(sign):04X}, which XML cannot") as refused:
        export(bad)
    assert repr(bad.payout_id) in str(refused.value) and sign not in str(refused.value)
    export(bad._replace(instrument="AD_CREDIT"))


def test_an_account_has_34_characters_and_no_more(schema: xmlschema.XMLSchema) -> None:
    schema.validate(export(payment(payee="é" * 34))["cash.pain001.xml"].decode())
    with pytest.raises(RefusedError, match="PARTNER:p-1.*has 35 characters.*deliver a shorter payee_id"):
        export(payment(payee="é" * 35))
    export(payment(instrument="AD_CREDIT", payee="é" * 35))


def test_two_payouts_never_share_an_end_to_end_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credit_transfers, "end_to_end_id", lambda payout_id: "P0")
    export(payment("one"))
    with pytest.raises(RefusedError, match="PARTNER:one.*and 'PARTNER:two.*have one end-to-end id"):
        export(payment("one"), payment("two"))


@pytest.mark.parametrize(
    ("name", "longest"), [("name", 140), ("account", 34), ("agent", 35)], ids=["name", "account", "agent"]
)
def test_a_debtor_that_no_message_can_name_is_a_setting_to_mend(
    name: str, longest: int, schema: xmlschema.XMLSchema
) -> None:
    def debtor(text: str) -> Debtor:
        return DEBTOR._replace(**{name: text})  # type: ignore[arg-type]

    schema.validate(export(payment(), debtor=debtor("1" * longest))["cash.pain001.xml"].decode())
    for text in ("", "x" * (longest + 1), "a\0"):
        with pytest.raises(SettingsError, match=f"the debtor's {name} .* 1 to {longest} characters"):
            export(payment(), debtor=debtor(text))
        export(payment(instrument="AD_CREDIT"), debtor=debtor(text))
