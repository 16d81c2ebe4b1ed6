"""The dbt project's SQL without a warehouse: as Spark would get it, or with the names of macros where engines differ.

Belongs here: rendering models, dbt tests and macros. Does not belong here: what is looked for in them (``constructs``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import jinja2
from compiled.project import PROJECT

Macro = Callable[..., Any]

SPARK = "spark"
NEUTRAL = "neutral"
"""What stands outside of dispatched macros: a call of one is a call of a function of its name."""
DISPATCHED = re.compile(r"adapter\.dispatch\('(\w+)', 'incentives'\)")
GENERIC_TEST = re.compile(r"{%(-?) (end)?test\b")
JINJA = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"])
MACROS = sorted((PROJECT / "macros").glob("*.sql"))


class _LeaveMacro(Exception):  # noqa: N818 - no error: what dbt's ``return`` does
    """Carries the value that a macro returns instead of text."""


class _Adapter:
    """What macros ask of dbt's adapter."""

    def __init__(self, engine: str, words: dict[str, Any]) -> None:
        self.engine, self.words = engine, words

    def dispatch(self, macro: str, _package: str) -> Macro:
        if self.engine == SPARK:
            assert f"spark__{macro}" in self.words, (
                f"{macro} has nothing to say on Spark: write spark__{macro} beside it"
            )
            return self.words[f"spark__{macro}"]
        return lambda *arguments: f"{macro}({', '.join(_flat(arguments))})"

    def quote(self, name: str) -> str:
        return f"`{name}`" if self.engine == SPARK else f"quoted_{name}"


def dispatched() -> set[str]:
    """The macros that engines say differently."""
    return {name for path in MACROS for name in DISPATCHED.findall(path.read_text(encoding="utf-8"))}


@cache
def rendered(engine: str) -> dict[str, str]:
    """Every model and dbt test by name, for one of ``SPARK`` and ``NEUTRAL``; of the generic test one example."""
    words = macros(engine)
    files = [*(PROJECT / "models").rglob("*.sql"), *(PROJECT / "tests").glob("*.sql")]
    queries = {path.stem: JINJA.from_string(path.read_text(encoding="utf-8")).render(words) for path in files}
    return queries | {"grain": words["grain"]("marts.ad_spend_daily", ["spend_on"])}


@cache
def macros(engine: str) -> dict[str, Any]:
    """All macros of the project as functions that give SQL, and what they need of dbt; they find each other by name."""
    room = {path.stem: path.parent.name for path in (PROJECT / "models").rglob("*.sql")}
    words: dict[str, Any] = {
        "return": _leave,
        "ref": lambda name: f"{room[name]}.{name}",
        "source": lambda schema, name: f"{schema}.{name}",
        "config": lambda **_: "",
    }
    words["adapter"] = _Adapter(engine, words)
    for path in MACROS:
        source = GENERIC_TEST.sub(r"{%\1 \2macro", path.read_text(encoding="utf-8"))
        module = JINJA.from_string(source).make_module(words, shared=True)
        words.update({name: _returning(macro) for name, macro in vars(module).items() if callable(macro)})
    return words


def _leave(value: Any) -> None:
    raise _LeaveMacro(value)


def _returning(macro: Macro) -> Macro:
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return macro(*arguments, **named)
        except _LeaveMacro as left:
            return left.args[0]

    return call


def _flat(arguments: tuple[Any, ...]) -> Iterator[str]:
    for argument in arguments:
        yield from argument.values() if isinstance(argument, dict) else [str(argument)]
