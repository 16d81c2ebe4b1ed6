"""The bank's file: one ISO 20022 credit transfer initiation, pain.001.001.09 (rulebook, section 4, "Files").

Belongs here: what stands in which element, and what no element can hold. Does not belong here: which payouts are paid, and the
other files of an export (``payment_files``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from pyiso20022.pain.pain_001_001_09 import (  # type: ignore[import-untyped]
    AccountIdentification4Choice,
    ActiveOrHistoricCurrencyAndAmount,
    AmountType4Choice,
    BranchAndFinancialInstitutionIdentification6,
    CashAccount38,
    ClearingSystemMemberIdentification2,
    CreditTransferTransaction34,
    CustomerCreditTransferInitiationV09,
    DateAndDateTime2Choice,
    Document,
    FinancialInstitutionIdentification18,
    GenericAccountIdentification1,
    GroupHeader85,
    PartyIdentification135,
    PaymentIdentification6,
    PaymentInstruction30,
    PaymentMethod3Code,
    RemittanceInformation16,
)
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.formats.dataclass.serializers.config import SerializerConfig
from xsdata.formats.dataclass.serializers.writers import XmlEventWriter
from xsdata.models.datatype import XmlDate, XmlDateTime

from orchestration.errors import RefusedError, SettingsError

CURRENCY: Final = "USD"
NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"

LONGEST_TEXT: Final = 140
"""Characters in a name and in a line of remittance (Max140Text)."""

LONGEST_ACCOUNT: Final = 34
"""Characters in an account that is no IBAN (Max34Text)."""

LONGEST_AGENT: Final = 35
"""Characters in a clearing member id (Max35Text)."""

TOO_MANY_CENTS: Final = 10**18
"""An amount and a control sum have 18 digits, the cents' two among them."""

_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
_CLEARING_NUMBER: Final = re.compile(r"[0-9]+")
_CANNOT_HOLD: Final = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, which the serializer would write all the same, and the CR, which readers turn into an LF."""


class Debtor(NamedTuple):
    """Who pays: a name, the account's id, and the BIC or the clearing number of the bank that keeps it."""

    name: str
    account: str
    agent: str


class CreditTransfer(NamedTuple):
    """One payout as the bank pays it: to an account, under the creditor's name; amount_cents > 0, USD."""

    payout_id: str
    amount_cents: int
    creditor: str
    account: str


def end_to_end_id(payout_id: str) -> str:
    """What the bank calls a payout, in 35 characters: payout ids are longer, so it is made of their SHA-256.

    The letter in front keeps a spreadsheet from reading digits and an e as a number.
    """
    return f"P{hashlib.sha256(payout_id.encode()).hexdigest()[:34]}"


def dollars(cents: int) -> Decimal:
    """Cents as dollars with two decimals, exact whatever the decimal context is."""
    return Decimal(f"{cents}E-2")


def message(message_id: str, day: date, debtor: Debtor, transfers: Sequence[CreditTransfer]) -> bytes:
    """The message as UTF-8 XML, its transfers in the order given, as one payment to be executed on ``day``.

    Raises SettingsError where the debtor, and RefusedError naming the payout where a transfer does not fit the schema; RefusedError
    too where two payouts share an end-to-end id, or all come to more than the control sum can say.
    """
    _require_debtor(debtor)
    _require_distinct(transfers)
    for transfer in transfers:
        _require_transfer(transfer)
    count, total = str(len(transfers)), dollars(_total(transfers))
    payer = PartyIdentification135(nm=debtor.name)
    header = GroupHeader85(
        msg_id=message_id,
        # The day, not the clock: an export that is repeated must be the identical file.
        cre_dt_tm=XmlDateTime(day.year, day.month, day.day, 0, 0, 0, 0, 0),
        nb_of_txs=count,
        ctrl_sum=total,
        initg_pty=payer,
    )
    payment = PaymentInstruction30(
        pmt_inf_id=message_id,
        pmt_mtd=PaymentMethod3Code.TRF,
        nb_of_txs=count,
        ctrl_sum=total,
        reqd_exctn_dt=DateAndDateTime2Choice(dt=XmlDate.from_date(day)),
        dbtr=payer,
        dbtr_acct=_account(debtor.account),
        dbtr_agt=_agent(debtor.agent),
        cdt_trf_tx_inf=[_transaction(transfer) for transfer in transfers],
    )
    document = Document(cstmr_cdt_trf_initn=CustomerCreditTransferInitiationV09(grp_hdr=header, pmt_inf=[payment]))
    # The writer is named: another one, which may or may not be installed, would write other bytes.
    serializer = XmlSerializer(config=SerializerConfig(indent="  "), writer=XmlEventWriter)
    return serializer.render(document, ns_map={None: NAMESPACE}).encode()


def _transaction(transfer: CreditTransfer) -> CreditTransferTransaction34:
    amount = ActiveOrHistoricCurrencyAndAmount(value=dollars(transfer.amount_cents), ccy=CURRENCY)
    return CreditTransferTransaction34(
        pmt_id=PaymentIdentification6(end_to_end_id=end_to_end_id(transfer.payout_id)),
        amt=AmountType4Choice(instd_amt=amount),
        # The name and the remittance are for people, so that one that is too long is cut; the account decides who is paid.
        cdtr=PartyIdentification135(nm=transfer.creditor[:LONGEST_TEXT]),
        cdtr_acct=_account(transfer.account),
        rmt_inf=RemittanceInformation16(ustrd=[transfer.payout_id[:LONGEST_TEXT]]),
    )


def _account(account: str) -> CashAccount38:
    return CashAccount38(id=AccountIdentification4Choice(othr=GenericAccountIdentification1(id=account)))


def _agent(agent: str) -> BranchAndFinancialInstitutionIdentification6:
    if _BIC.fullmatch(agent):
        institution = FinancialInstitutionIdentification18(bicfi=agent)
    else:
        member = ClearingSystemMemberIdentification2(mmb_id=agent)
        institution = FinancialInstitutionIdentification18(clr_sys_mmb_id=member)
    return BranchAndFinancialInstitutionIdentification6(fin_instn_id=institution)


def _require_debtor(debtor: Debtor) -> None:
    for name, longest in (("name", LONGEST_TEXT), ("account", LONGEST_ACCOUNT), ("agent", LONGEST_AGENT)):
        text: str = getattr(debtor, name)
        if not 0 < len(text) <= longest or _CANNOT_HOLD.search(text):
            raise SettingsError(
                f"the debtor's {name} {text!r} cannot stand in a pain.001 file: "
                f"set one of 1 to {longest} characters, none of them a control character"
            )
    # A BIC that is mistyped would pass for some clearing system's own id, and be found by the bank.
    if not (_BIC.fullmatch(debtor.agent) or _CLEARING_NUMBER.fullmatch(debtor.agent)):
        raise SettingsError(
            f"the debtor's agent {debtor.agent!r} is no bank: set its BIC (8 or 11 capitals and digits, as BANKUS33) or its "
            "clearing number (digits alone)"
        )


def unfit(creditor: str, account: str) -> str | None:
    """Why a pain.001 file cannot pay a beneficiary's id on an account, in words; None where it can."""
    if fault := _text_fault("beneficiary_id", creditor) or _text_fault("payee_id", account):
        return fault
    if len(account) > LONGEST_ACCOUNT:
        return (
            f"payee_id {account!r} has {len(account)} characters, a pain.001 account at most {LONGEST_ACCOUNT}: "
            "deliver a shorter payee_id"
        )
    return None


def _text_fault(name: str, text: str) -> str | None:
    if not text:
        return f"{name} is empty"
    found = _CANNOT_HOLD.search(text)
    return f"{name} {text!r} holds U+{ord(found[0]):04X}, which XML cannot: deliver it without" if found else None


def _require_transfer(transfer: CreditTransfer) -> None:
    fault = _text_fault("payout id", transfer.payout_id) or unfit(transfer.creditor, transfer.account)
    if fault:
        raise RefusedError(f"payout {transfer.payout_id!r}: its {fault}; then cancel the payout and propose anew")


def _require_distinct(transfers: Sequence[CreditTransfer]) -> None:
    known: dict[str, str] = {}
    for transfer in transfers:
        other = known.setdefault(end_to_end_id(transfer.payout_id), transfer.payout_id)
        if other != transfer.payout_id:
            raise RefusedError(
                f"payouts {other!r} and {transfer.payout_id!r} have one end-to-end id; export them apart from each other"
            )


def _total(transfers: Sequence[CreditTransfer]) -> int:
    total = sum(transfer.amount_cents for transfer in transfers)
    if total >= TOO_MANY_CENTS:
        raise RefusedError(
            f"the transfers come to {dollars(total)} dollars, more than a pain.001 control sum can say; "
            "export fewer payouts at a time"
        )
    return total
