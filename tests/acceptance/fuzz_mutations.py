"""Good rows of every feed, and what may go wrong in them: cells of odd text, numbers at their limits, rows of no shape.

Everything follows from the ``random.Random`` that is handed in. Belongs here: rows. Does not belong here: what they come
to (``fuzz_contract``), how files hold them (``fuzz_formats``) or what happens to whole files (``test_fuzzed_files``).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fuzz_contract import FEED_CELLS, Cell

DAY = date(2025, 10, 1)
SHAPES = ("few", "more", "blank", "quote", "return")

# What is odd for a kind of cell, and put into every other kind as well.
ODD: dict[str, tuple[str, ...]] = {
    "text": (
        *("", " ", "\t\n\x0b\x0c\r ", "null", "NULL", "None", "undefined", "N/A", "''", "\\", "\\n", "\\u0000", "x" * 5000),
        *("=1+1", "@SUM(A1)", "+1-1|cmd", "=HYPERLINK(A1)", "../../etc/passwd", "/dev/zero", "C:\\x", "file:///", "%00", "$(id)"),
        *("'; drop table orders; --", "<script>", '{"a":1}', "[1]", "MEMBER:1", " MEMBER:1", "member:1", "MEMBER", "MEMBER:"),
        *("\ufeffMEMBER:1", "\x00", "a\x00b", "\x1f", "a\x1fb", "\x7f", "\x85", "\xa0", "\u2028", "\u200b", "\ufeff", "\ufffd"),
        *("\uffff", "\U0010ffff", "é", "e\u0301", "ΑΣ", "ΑΣΑ", "İI", "ß", "ǅ", "👩‍👩‍👧", "#Sale #NEW", "שלום", "\u202egnp.exe"),
        *('"', '""', '"a', 'a"b', 'a"', "a,b", "a\nb", "a\r\nb", "a\rb", "COMPLETED", "CANCELLED", "completed", "SIGNUP", "SMALL"),
        *("SELLER", "CREATOR", "SHOP", "AFFILIATE", "LIVE", "USD", "usd", "EUR", "CHARGEBACK", "MCN", "GOLD", "FLASH_SALE"),
    ),
    "money": (
        *("0", "-0", "00", "+1", "1.", ".5", "1e400", "1E2", "0x10", "1_000", "1,000", "1 000", "٣", "１２", "½", "−5", "--5", "-"),
        *("nan", "NaN", "inf", "-Infinity", "$5", "5 USD", "5,00", "0.001", "-0.00", "-0.01", "-0.001", "1.10" + "0" * 40),
        *("9" * 13, "9" * 14, "9" * 13 + ".99", "9" * 13 + ".999", "0" * 13 + ".1", "0" * 14, "1." + "0" * 40),
        *("1." + "0" * 40 + "1", "-" + "9" * 13 + ".99", "9" * 40, "0." + "9" * 40, "9" * 4300, "9" * 5000),
    ),
    "integer": (
        *("0", "-0", "00", "+1", "1.0", "1e2", "0x10", "1_000", "1,000", "٣", "１２", "--5", "-", "10000", "10001", "-1"),
        *("9" * 18, "9" * 19, "-" + "9" * 18, "0" * 18, "0" * 19, "9223372036854775807", "9223372036854775808"),
        *("9" * 400, "9" * 5000),
    ),
    "boolean": ("true", "TRUE", "tRuE", "false", "yes", "no", "t", "f", "2", "01", "1.0", "0.0", "-0", "on", "ＴＲＵＥ", "falſe"),
    "time": (
        *("2025-10-01T09:00Z", "2025-10-01 09:00+0200", "2025-10-01T09:00:00.1234569+05:30", "2025-10-01T09:00:00"),
        *("2025-10-03T00:00:00Z", "2025-10-03T00:00:00.000001Z", "2025-10-03T00:00:00.0000009Z", "2025-10-02T23:59-00:01"),
        *("2025-10-03T01:00:00+01:00", "2025-10-03T01:00:01+0100", "2025-02-29T09:00Z", "2024-02-29T09:00Z"),
        *("2025-10-01T24:00Z", "2025-10-01T09:00:60Z", "2025-10-01T09:00:00,5Z", "2025-10-01T09:00:00.Z", "2025-10-01t09:00z"),
        *("2025-10-01T09Z", "2025-10-01T09:00+24:00", "2025-10-01T09:00+23:59", "2025-10-01T09:00-23:59", "2025-10-01T09:00+02"),
        *("2025-10-01T9:00Z", "2025-10-01T09:00:00 Z", "2025-10-01  09:00Z", "2025-10-01T09:00:00ZZ", "20251001T090000Z"),
        *("0000-01-01T00:00Z", "0001-01-01T00:00Z", "0001-01-01T00:00+00:01", "0001-01-01T00:00-00:01", "0000-06-01T00:00"),
        *("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59-00:01", "9999-12-31T23:59"),
        *("1969-12-31T23:59:59.9999999Z", "1900-02-29T00:00Z", "2000-02-29T00:00Z", "1582-10-10T00:00Z", "999999999"),
        *("9999999999", "99999999", "10000000000", "1759449600", "1759449601", "-759471200", "1759471200.5", "2025-W40-3"),
        *("2025-10-01T09:00:00.١Z", "2025-10-01T09:00:00+٠2:00", "2025-10-01T09:00:00.123456789012345678901234567890Z"),
    ),
    "date": (
        *("2025-10-01", "2025-1-1", "2025-02-29", "2024-02-29", "9999-12-31", "0000-01-01", "0001-01-01", "10000-01-01"),
        *("-001-01-01", "2025/10/01", "01.10.2025", "2025-13-01", "2025-00-10", "2025-10-00", "２０２５-10-01", "20251001"),
        *("2025-01-01", "2024-12-31", "2025-01-01T00:00Z", "2025-274"),
    ),
}  # fmt: skip
ODD_ANYWHERE = tuple(text for texts in ODD.values() for text in texts)
CHARACTERS = "0123456789-+.,:TZeE \t\x00\x0b\x1f\"'/\\=@aAÉΣı\u00a0\u0660\uff11\U0001f600"


@dataclass
class Row:
    """The cells of a row by column, and what is wrong with its shape where it is to be no record."""

    cells: dict[str, str | None]
    shape: str | None = None


def rows(feed: str, count: int, chance: random.Random, first: int = 0) -> list[Row]:
    """Rows of a feed, two of three of them mutated; their keys are mostly, but not all, their own."""
    return [_mutated(feed, good_row(feed, first + number, chance), chance) for number in range(count)]


def good_row(feed: str, number: int, chance: random.Random) -> dict[str, str | None]:
    """A row that breaks nothing; its key is mostly its own."""
    key = number if chance.random() < 0.95 else chance.randrange(number + 1)
    start = datetime(2025, 6, 1) + timedelta(seconds=chance.randrange(10_000_000))
    row = {cell.name: _good_cell(cell, key, start, chance) for cell in FEED_CELLS[feed]}
    if feed == "order_lines":
        row |= {
            "original_amount": str(chance.randrange(100, 900)),
            "seller_discount": "1.5",
            "platform_discount": "98.50",
        }
    if feed == "assignments":
        row |= {"service": "CREATOR" if row["subject_type"] == "CREATOR" else chance.choice(("SHOP", "AFFILIATE"))}
    return row


def _good_cell(cell: Cell, key: int, start: datetime, chance: random.Random) -> str | None:
    if cell.optional and cell.name != "referrer_id" and cell.kind != "time" and chance.random() < 0.3:
        return None
    if cell.listed:
        return chance.choice(cell.listed)
    if cell.is_key:
        return str(date(2020, 1, 1) + timedelta(days=key % 3000)) if cell.kind == "date" else f"{cell.name}-{key}"
    if cell.kind == "time":
        return _written(start + timedelta(hours=5 if cell.name.startswith("end") else 0), chance)
    if cell.kind == "date":
        return "2025-02-01" if cell.name == "valid_to" else "2025-01-01"
    if cell.kind == "money":
        return chance.choice((f"{chance.randrange(10**6)}.{chance.randrange(100):02d}", str(chance.randrange(10**4))))
    if cell.kind == "integer":
        return str(chance.randrange(1, 10_000))
    return chance.choice(("true", "false", "1", "0")) if cell.kind == "boolean" else f"{cell.name[0].upper()}{key}"


def _written(at: datetime, chance: random.Random) -> str:
    """A UTC time in one of the ways in which it may be written."""
    form = chance.randrange(4)
    if form == 0:
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")
    if form == 1:
        return str(int((at - datetime(1970, 1, 1)).total_seconds()))
    minutes = chance.choice((-720, -90, 0, 60, 330, 839))
    sign, ahead = ("-" if minutes < 0 else "+"), abs(minutes)
    colon = ":" if form == 2 else ""
    local = (at + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M:%S")
    return f"{local}.{chance.randrange(10**7)}{sign}{ahead // 60:02d}{colon}{ahead % 60:02d}"


def _mutated(feed: str, cells: dict[str, str | None], chance: random.Random) -> Row:
    dice = chance.random()
    if dice < 0.33:
        return Row(cells)
    if dice < 0.36:
        return Row(cells, chance.choice(SHAPES))
    for cell in chance.sample(FEED_CELLS[feed], min(chance.choice((1, 1, 1, 2, 3)), len(cells))):
        cells[cell.name] = _mutated_cell(cell.kind, cells[cell.name], list(cells.values()), chance)
    return Row(cells)


def _mutated_cell(kind: str, text: str | None, others: list[str | None], chance: random.Random) -> str | None:
    """Another text for a cell: odd by itself, edited, padded, at random, taken from another cell, or none."""
    dice = chance.random()
    if dice < 0.3:
        return chance.choice(ODD[kind])
    if dice < 0.4 or text is None:
        return chance.choice(ODD_ANYWHERE)
    if dice < 0.6:
        return _edited(text, chance)
    if dice < 0.7:
        return chance.choice(
            (" {}", "{}\t", "\r\n{}", "{}\x0b\x0c", "\x1f{}", "{}\u00a0", "\ufeff{}", "-{}", "{}0")
        ).format(text)
    if dice < 0.9:
        return _at_random(kind, chance)
    return chance.choice(others) if dice < 0.95 else None


def _at_random(kind: str, chance: random.Random) -> str:
    """Text that looks like its kind, and often is."""

    def digits(least: int, most: int) -> str:
        return "".join(chance.choices("0123456789", k=chance.randint(least, most)))

    sign = chance.choice(("", "", "", "-"))
    if kind == "money":
        return f"{sign}{digits(1, 14)}{chance.choice(('', '.'))}{digits(0, 4)}{chance.choice(('', '0', '00'))}"
    if kind == "integer":
        return f"{sign}{digits(1, 19)}"
    day = f"{digits(4, 4)}-{chance.randint(0, 13):02d}-{chance.randint(0, 32):02d}"
    if kind == "date":
        return day
    if kind == "time":
        clock = f"{chance.randint(0, 24):02d}:{chance.randint(0, 60):02d}"
        seconds = chance.choice(("", f":{chance.randint(0, 60):02d}", f":{chance.randint(0, 60):02d}.{digits(1, 9)}"))
        offset = (
            f"{chance.choice('+-')}{chance.randint(0, 24):02d}{chance.choice((':', ''))}{chance.randint(0, 60):02d}"
        )
        return f"{day}{chance.choice('T ')}{clock}{seconds}{chance.choice(('Z', 'Z', '', offset, offset))}"
    return "".join(chance.choices(CHARACTERS, k=chance.randint(1, 12)))


def _edited(text: str, chance: random.Random) -> str:
    letters = list(text)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(letters) + 1)
        dice = chance.random()
        if dice < 0.4:
            letters.insert(at, chance.choice(CHARACTERS))
        elif dice < 0.7:
            letters[at : at + 1] = [chance.choice(CHARACTERS)]
        elif dice < 0.9:
            letters[at : at + 1] = []
        else:
            letters[at:at] = letters[at : at + 3]
    return "".join(letters)
