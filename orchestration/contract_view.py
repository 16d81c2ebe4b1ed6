"""Contracts, and what broke them, as people read them in a terminal.

Does not belong here: the words of a contract (``data_contracts.feed_pages``) or finding what broke (``quarantine``).
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from data_contracts.feed_pages import EXAMPLES, columns_in_words, rules_in_words
from data_contracts.feeds import FEEDS, Feed
from orchestration.quarantine import Broken


def all_feeds() -> RenderableType:
    """Every feed with its key and what it is."""
    table = Table("feed", "key", "what it is")
    for feed in FEEDS.values():
        table.add_row(feed.name, ", ".join(feed.key), feed.description)
    return Group(table, Text("incentives contracts FEED prints one of them"))


def one_feed(feed: Feed) -> RenderableType:
    """A feed's columns and rules, and an example that passes."""
    table = Table("column", "what it says", "how it is written", "what must hold")
    for column in columns_in_words(feed):
        name = Text(column.name, style="bold" if column.name in feed.key else "")
        table.add_row(name, column.description, _plain(column.form), _plain(column.must))
    rules = [Text(f"- {_plain(rule)}") for rule in rules_in_words(feed)]
    example = (EXAMPLES / f"{feed.name}.csv").read_text(encoding="utf-8")
    return Group(
        Text(f"{feed.name}: {feed.description}"), *rules, table, Text("An example that passes:"), Text(example)
    )


def what_broke(broken: Broken) -> RenderableType:
    """What broke by feed, day and rule, with an example of each, and which deliveries are refused."""
    if not broken.breaches and not broken.refusals:
        return Text("no row is in quarantine, and no delivery is refused")
    table = Table("feed", "landed on", "delivery", "column", "rule")
    table.add_column("rows", justify="right")
    table.add_column("example: file, row and what stands there", overflow="fold")
    for breach in broken.breaches:
        example = Text(f"{breach.file}, row {breach.row_number}: {breach.text}")
        where = Text(breach.column or "the row")
        table.add_row(breach.feed, str(breach.landed_on), breach.state, where, breach.rule, f"{breach.rows:,}", example)
    told = Text("the rule is the first that a row breaks; incentives contracts FEED says what each feed asks")
    rows: list[RenderableType] = [table, told] if broken.breaches else []
    return Group(*rows, *map(Text, broken.refusals))


def _plain(words: str) -> str:
    """The words of a page without its marks."""
    return words.replace("`", "")
