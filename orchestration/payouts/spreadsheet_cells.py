"""CSV whose text cells a spreadsheet shows instead of running (rulebook, section 4, "Files").

Belongs here: how a cell is neutralised and a row written, for every CSV that the project writes. Does not belong here: which
columns a file has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

_STARTS: Final = frozenset("=+-@\N{MINUS SIGN}\t\r\n")
"""What starts a formula, or moves the text on into another cell."""

_SKIPPED: Final = frozenset(" \"'`´‘’‚‛“”„‟«»")
"""What a spreadsheet, or a program before it, may strip from the front of a cell, beside all that is not printable."""


def neutralised(text: str) -> str:
    """The text of a CSV cell, behind an apostrophe where a spreadsheet would run it as a formula; without error for any text.

    Different texts stay different: one that has the apostrophe already gets another.
    """
    for sign in text:
        # Full-width, small and raised signs are read as the plain ones.
        plain = normalize("NFKC", sign)[0]
        if plain in _STARTS:
            return f"'{text}"
        if sign.isprintable() and plain not in _SKIPPED:
            return text
    return text


def csv_bytes(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Rows as CSV (UTF-8, RFC 4180 with LF): text is neutralised, numbers and dates are not, None is an empty cell."""
    return "".join([f"{','.join(map(_cell, row))}\n" for row in (columns, *rows)]).encode()


def _cell(value: object) -> str:
    # Not the csv module: it leaves a CR bare, after which a spreadsheet begins another row, and with it a formula.
    text = neutralised(value) if isinstance(value, str) else "" if value is None else str(value)
    if not any(sign in text for sign in ',"\r\n'):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
