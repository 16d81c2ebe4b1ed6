"""A refusal of terms: which file, where in it, why, and what to do, in one line.

Belongs here: the error, and the wording of what pydantic finds. Does not belong here: what is refused (``figures``,
``program`` and the kinds) or reading a file (``loading``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

SHOWN_CHARACTERS = 60


class TermsError(ValueError):
    """Terms that no program may have (RULEBOOK 2): ``file``, ``path`` inside it, ``reason``, ``cure``; ``line`` if known."""

    def __init__(self, file: str, path: str, reason: str, cure: str, line: int | None = None) -> None:
        """Keep the parts; as text they are one line."""
        super().__init__(file, path, reason, cure, line)
        self.file = file
        self.path = path
        self.reason = reason
        self.cure = cure
        self.line = line

    def __str__(self) -> str:
        """``file: line: path: reason; cure``, without the line and the path where the whole file is meant."""
        at_line = f"line {self.line}" if self.line else ""
        where = ": ".join(part for part in (self.file, at_line, self.path) if part)
        return f"{where}: {self.reason}; {self.cure}"


def refusal(reason: str, cure: str, *at: str | int) -> PydanticCustomError:
    """What a validator raises; ``at`` is the path from the value that it validates."""
    return PydanticCustomError("terms", "{reason}", {"reason": reason, "cure": cure, "at": at})


def terms_error(file: str, error: ValidationError, line_of: Callable[[Sequence[str | int]], int | None]) -> TermsError:
    """One finding of pydantic in the words of a ``TermsError``; the number of the others is said.

    ``line_of`` finds the line of a path of keys and places in the file.
    """
    findings = error.errors(include_url=False)
    # A misspelt key is also a missing one: the key that stands there says more.
    first = next((finding for finding in findings if finding["type"] == "extra_forbidden"), findings[0])
    reason, cure = _wording(first)
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    steps = _steps(first)
    return TermsError(file, _path(steps), reason, cure + more, line_of(steps))


def shown(value: Any) -> str:
    """A value as a message shows it: on one line, and not too long."""
    text = str(value) if isinstance(value, date) else repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def _steps(finding: ErrorDetails) -> list[str | int]:
    """The keys and places that lead to a finding."""
    if finding["type"].startswith("union_tag"):
        return ["kind"]
    # The first step is the kind that pydantic chose, not a key of the file.
    return [*finding["loc"][1:], *finding.get("ctx", {}).get("at", ())]


def _path(steps: Sequence[str | int]) -> str:
    """A path as people write it, ``versions[0].tiers[1].amount_cents``; list places count from 0."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return " ".join(path.removeprefix(".").split())


def _wording(finding: ErrorDetails) -> tuple[str, str]:
    """Reason and cure of one finding."""
    context = finding.get("ctx", {})
    value = shown(finding["input"])
    match finding["type"]:
        case "terms":
            return context["reason"], context["cure"]
        case "missing":
            return "is missing", "write it out, since terms have no defaults"
        case "extra_forbidden":
            return "is an unknown key", "mend its spelling or take it out"
        case "int_type":
            return f"{value} is no whole number", "write digits without decimals or quotes, like 500_000"
        case "greater_than_equal":
            return f"{value} is below {context['ge']}", f"write {context['ge']} or more"
        case "less_than_equal":
            return f"{value} is above {context['le']}", f"write {context['le']} or less"
        case "date_type":
            return f"{value} is no day", "write YYYY-MM-DD without quotes"
        case "string_type":
            return f"{value} is no text", "write text, in quotes where it looks like a number or a day"
        case "string_too_short":
            return "is empty", "write it out"
        case "string_pattern_mismatch":
            return f"{value} does not match {context['pattern']}", "use lower-case letters, digits and underscores"
        case "literal_error":
            return f"{value} is none of {context['expected']}", "use one of these"
        case "union_tag_invalid":
            return f"{shown(context['tag'])} is no kind of program", f"use one of {context['expected_tags']}"
        case "union_tag_not_found":
            return "is missing", "name the kind of the program"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{value} is no mapping", "write its keys, one a line"
        case "tuple_type":
            return f"{value} is no list", "write its items, one a line, each after a dash"
        case _:
            return f"{value}: {finding['msg']}", "mend the value"
