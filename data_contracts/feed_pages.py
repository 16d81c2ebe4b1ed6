"""A feed's contract in words, derived from its column list: for the terminal, the Dagster UI and the pages beside this file.

Run as ``python -m data_contracts.feed_pages data_contracts/pages``; a test compares what stands there with what this writes,
and another takes in the example of each page. Does not belong here: any rule (``contracts``).
"""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import dataclass
from pathlib import Path

from data_contracts.columns import Column, Kind
from data_contracts.feeds import FEEDS, Feed, PairRule

EXAMPLES = Path(__file__).with_name("examples")

_FORMS = {
    Kind.TEXT: "text",
    Kind.MONEY: "money: `12.34`, at most two decimals, never a binary float",
    Kind.INTEGER: "whole number",
    Kind.BOOLEAN: "`true`, `false`, `1` or `0`",
    Kind.TIME: "time with offset: `2025-10-01T09:30:00-04:00`, or seconds since 1970",
    Kind.DATE: "date: `2025-10-01`",
}


@dataclass(frozen=True)
class ColumnInWords:
    """One column: its name, how it is written, what must hold of it, and what it says."""

    name: str
    form: str
    must: str
    description: str


def columns_in_words(feed: Feed) -> list[ColumnInWords]:
    """The feed's columns, in the order in which a row's first broken one is looked for."""
    return [
        ColumnInWords(column.name, _FORMS[column.kind], "; ".join(_demands(column, feed)), column.description)
        for column in feed.columns
    ]


def rules_in_words(feed: Feed) -> list[str]:
    """What holds of the feed as a whole: versions, rules over two columns, parents, refusal."""
    order = "the one with the greatest `updated_at`" if feed.has_updated_at else "the one that landed last"
    percent = f"{feed.refused_above_share_bps / 100:g} %"
    stops = "The day, and those after it, then wait until it is replaced in place or waived."
    passes = "The day goes on without it, for no money rests on this feed."
    return [
        f"One row a version of {' and '.join(_named(*feed.key))}. Of several versions {order} holds.",
        *(_pair_in_words(pair) for pair in feed.pair_rules),
        *(f"A record waits, and counts nowhere, until its `{p.column}` has landed in {p.feed}." for p in feed.parents),
        f"A delivery is refused when more than {percent} and more than {feed.refused_above_rows} of its rows break, or all "
        f"of three or more. {stops if feed.stops_day else passes}",
    ]


def page(feed: Feed) -> str:
    """The page of a feed in Markdown, with the example."""
    example = (EXAMPLES / f"{feed.name}.csv").read_text(encoding="utf-8")
    lines = [
        f"# {feed.name}",
        "",
        feed.description,
        "",
        f"    <landing>/{feed.name}/landed_on=YYYY-MM-DD/<any name>.{{parquet,csv,csv.gz,jsonl,jsonl.gz}}",
        "",
        *(f"- {rule}" for rule in rules_in_words(feed)),
        "",
        "| column | what it says | how it is written | what must hold |",
        "| --- | --- | --- | --- |",
    ]
    for column in columns_in_words(feed):
        name = f"**{column.name}**" if column.name in feed.key else column.name
        lines.append(f"| {name} | {column.description} | {column.form} | {column.must} |")
    return "\n".join([*lines, "", "What a delivery may look like:", "", "```csv", example.rstrip("\n"), "```", ""])


def write(folder: Path) -> None:
    """Writes one page a feed."""
    folder.mkdir(parents=True, exist_ok=True)
    for feed in FEEDS.values():
        (folder / f"{feed.name}.md").write_text(page(feed), encoding="utf-8")


def example_rows(feed: Feed) -> list[dict[str, str]]:
    """The rows of the feed's example, as text by column."""
    return list(csv.DictReader(io.StringIO((EXAMPLES / f"{feed.name}.csv").read_text(encoding="utf-8"))))


def _demands(column: Column, feed: Feed) -> list[str]:
    """What must hold of one column by itself, with the name of the rule where it is not plain from the words."""
    demands = ["required" if column.required else "may be empty"]
    if column.values:
        named = ", ".join(f"`{value}`" for value in column.values)
        demands.append(f"one of {named}" if len(column.values) > 1 else named)
    if column.enum_rule != "enum":
        demands.append(f"else `{column.enum_rule}`")
    if column.maximum is not None:
        demands.append(f"from {column.minimum} to {column.maximum}")
    elif column.minimum is not None:
        demands.append(f"at least {column.minimum}")
    if column.forbidden_prefix:
        demands.append(f"does not start with `{column.forbidden_prefix}`")
    if column.not_in_future:
        demands.append("not later than 00:00 UTC two days after landed_on, else `future`")
    return demands


def _pair_in_words(pair: PairRule) -> str:
    column, other, limit = _named(pair.column, pair.other, pair.limit or "")
    words = {
        "at_most_with": f"{column} + {other} is at most {limit}",
        "after": f"{column} is after {other}",
        "not_before": f"{column} is not before {other}",
        "required_when": f"{column} is required where {other} is {', '.join(pair.values)}",
        "one_of_when": "; ".join(
            f"{column} is {' or '.join(allowed)} where {other} is {value}" for value, allowed in pair.allowed.items()
        ),
    }[pair.kind]
    return f"{words}, else `{pair.rule}` on {column}."


def _named(*columns: str) -> list[str]:
    return [f"`{column}`" for column in columns]


if __name__ == "__main__":
    write(Path(sys.argv[1]))
