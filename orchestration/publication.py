"""Publishing the marts: immutable Parquet in a versioned folder, and the small DuckDB file of views over it.

The small file is replaced last, in one step, so that a reader sees one version whole and never blocks the writer. Does not belong
here: any figure, or what is written of a mart (``mart_parts``).
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb

from data_contracts.public_marts import AS_KNOWN, PUBLIC_MARTS, AsKnownMacro, PublicMart
from orchestration.errors import RefusedError, SettingsError
from orchestration.files import replacing, sync, write_text
from orchestration.ledger.chain import EMPTY, Head, recorded_head
from orchestration.ledger.ledger import Ledger
from orchestration.mart_parts import MartParts, Part, write_parts
from orchestration.progress import Progress
from orchestration.settings import Settings
from orchestration.warehouse import quoted, views_read
from orchestration.window import Window

GRACE_SECONDS = 24 * 3600
"""How long an old version stays for readers that still have it open."""

_VERSION = "version-{:06d}"
_SCHEMAS = ("main", "finance")


@dataclass(frozen=True)
class Publication:
    """A version that was published: its number, the rows of each mart, and how many files it wrote, and shares with the
    version before."""

    number: int
    rows: dict[str, int]
    written: int
    shared: int


def publish(
    connection: duckdb.DuckDBPyConnection, settings: Settings, window: Window, head: Head, progress: Progress
) -> Publication:
    """Publishes every public mart of the warehouse as the next version, with the ledger's head beside it.

    ``window``: of the run that made the marts; ``progress``: how far the home has come with it.
    """
    previous = _latest(settings)
    number = 1 + (previous or 0)
    _make_folders(settings, number)
    last = _last_parts(settings, previous) if previous is not None else {}
    published, shared = [], 0
    for mart in PUBLIC_MARTS:
        folder = _folder(settings, mart, number)
        unchanged_before = _unchanged_before(connection, mart, previous, window)
        parts, from_last = write_parts(connection, mart, folder, last.get(mart.name), unchanged_before)
        _close(folder, _group(settings, mart.schema))
        published.append(parts)
        shared += from_last
    _write_heads(settings, number, published, head, progress)
    _mark_movements(connection, number, window)
    write_views(settings, number)
    _forget_old(settings, previous, number)
    rows = {parts.folder.name: parts.rows for parts in published}
    return Publication(number, rows, sum(len(parts.parts) for parts in published) - shared, shared)


def write_views(settings: Settings, number: int | None = None) -> None:
    """Replaces the small file by views over a version (the latest): also after the home moved, since paths are absolute."""
    version = number if number is not None else _latest(settings)
    if version is None:
        raise SettingsError("nothing was published yet; run `incentives run --through DAY` first")
    target = settings.serving / "marts.duckdb"
    with replacing(target, 0o644) as temporary, duckdb.connect(str(temporary)) as connection:
        connection.execute("create schema finance")
        for mart in PUBLIC_MARTS:
            connection.execute(_view(connection, settings, mart, version))
        for macro in AS_KNOWN:
            connection.execute(_macro(connection, settings, macro, version))


@contextmanager
def readable_marts(settings: Settings) -> Iterator[None]:
    """RefusedError where the served marts, or the parts that they show, are gone or broken."""
    try:
        yield
    except duckdb.Error as error:
        raise RefusedError(
            f"{settings.serving / 'marts.duckdb'} cannot be read ({str(error).splitlines()[0]}): "
            "`incentives doctor --repair`, or run again"
        ) from error


def views_elsewhere(settings: Settings) -> bool:
    """Whether the small file shows Parquet of another place: the home moved, or is a copy; RefusedError where it is broken."""
    target = settings.serving / "marts.duckdb"
    if not target.exists():
        return False
    with readable_marts(settings), duckdb.connect(str(target), read_only=True) as served:
        return not views_read(served, "%", settings.serving)


def _make_folders(settings: Settings, number: int) -> None:
    """Makes the folders of a version anew: one that is not whole was left by an interrupted publication, and never served."""
    settings.serving.mkdir(parents=True, exist_ok=True)
    settings.serving.chmod(0o755)
    for schema in _SCHEMAS:
        group = _group(settings, schema)
        version = settings.serving / schema / _VERSION.format(number)
        if version.exists():
            shutil.rmtree(version)
        marts = [version / mart.name for mart in PUBLIC_MARTS if mart.schema == schema]
        for folder in (version.parent, version, *marts):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o750 if group else 0o700)
            _own(folder, group)


def _close(folder: Path, group: str | None) -> None:
    """Gives the parts of a mart to their group, and sees that all of them are on the disk."""
    for part in folder.iterdir():
        part.chmod(0o640 if group else 0o600)
        _own(part, group)
    sync(folder)


def _write_heads(
    settings: Settings, number: int, published: Iterable[MartParts], head: Head, progress: Progress
) -> None:
    """Writes what stands in the parts, how far the home has come, then the ledger's head: from then on the version is whole."""
    for schema in _SCHEMAS:
        version = settings.serving / schema / _VERSION.format(number)
        sync(version)
        sync(version.parent)
    finance = settings.serving / "finance" / _VERSION.format(number)
    contents = {
        mart.folder.name: {"shape": mart.shape, "parts": {name: asdict(part) for name, part in mart.parts.items()}}
        for mart in published
    }
    write_text(finance / "parts.json", json.dumps(contents, indent=1) + "\n")
    write_text(finance / "state.json", progress.text())
    anchor = {"posting_no": head.posting_no, "entry_no": head.entry_no, "hash": head.hash}
    write_text(finance / "ledger_head.json", json.dumps(anchor) + "\n")


def _last_parts(settings: Settings, version: int) -> dict[str, MartParts]:
    """What stands in the parts of a version, by mart; nothing where that is not recorded, so that all are written anew."""
    path = settings.serving / "finance" / _VERSION.format(version) / "parts.json"
    if not path.exists():
        return {}
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
        return {
            mart.name: MartParts(
                _folder(settings, mart, version),
                contents[mart.name]["shape"],
                {
                    name: Part(part["rows"], tuple(part["sums"]), part["bytes"])
                    for name, part in contents[mart.name]["parts"].items()
                },
            )
            for mart in PUBLIC_MARTS
            if mart.name in contents
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _unchanged_before(
    connection: duckdb.DuckDBPyConnection, mart: PublicMart, previous: int | None, window: Window
) -> date | None:
    """The first day of a month before which no movement changed since the last version: a run replaces those of its window.

    Known only where the relation is the one that the last version was published from, and the window begins where that ended.
    """
    if not mart.is_by_knowledge or previous is None:
        return None
    row = connection.execute(
        "select comment from duckdb_tables() where schema_name || '.' || table_name = ?", [mart.relation]
    ).fetchone()
    is_same = row is not None and row[0] == _mark(previous, window.known_from)
    return window.known_from.replace(day=1) if is_same else None


def _mark_movements(connection: duckdb.DuckDBPyConnection, number: int, window: Window) -> None:
    """Says in a comment on the relation which version has it, so that the mark goes with a relation that is made anew."""
    for mart in PUBLIC_MARTS:
        if mart.is_by_knowledge:
            connection.execute(f"comment on table {mart.relation} is '{_mark(number, window.known_through)}'")


def _mark(version: int, through: date) -> str:
    return f"published as version {version} through {through}"


def _view(connection: duckdb.DuckDBPyConnection, settings: Settings, mart: PublicMart, version: int) -> str:
    parts = _parts(settings, mart, version)
    columns = ", ".join(_shown(name) for name in _columns(connection, parts))
    return f"create view {mart.schema}.{mart.name} as select {columns} from {parts}"


def _macro(connection: duckdb.DuckDBPyConnection, settings: Settings, macro: AsKnownMacro, version: int) -> str:
    """The body reads the Parquet itself: a macro over a view fails where the file is attached under another name."""
    parts = _parts(settings, _mart(macro.movements), version)
    # In the order of the mart, so that one can be set against the other.
    mart = _parts(settings, _mart(macro.name.removesuffix("_as_known")), version)
    additive = [name for name in _columns(connection, mart) if name not in macro.keys]
    sums = ", ".join(f"cast(sum({name}) as bigint) as {name}" for name in additive)
    shown = ", ".join([*macro.keys, *(_shown(name) for name in additive)])
    keys = ", ".join(macro.keys)
    return (
        f"create macro {macro.name}(k) as table select {shown} from (select {keys}, {sums} from {parts} "
        f"where known_on <= cast(k as date) group by {keys} having {macro.exists_where})"
    )


def _mart(name: str) -> PublicMart:
    return next(mart for mart in PUBLIC_MARTS if mart.name == name)


def _columns(connection: duckdb.DuckDBPyConnection, parts: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe select * from {parts}").fetchall()]


def _shown(name: str) -> str:
    """A column as readers see it: an amount in cents stands in dollars beside itself."""
    if not name.endswith("_cents"):
        return f'"{name}"'
    dollars = f"cast(cast({name} as decimal(18, 0)) * cast(0.01 as decimal(3, 2)) as decimal(18, 2))"
    return f"{name}, {dollars} as {name.removesuffix('_cents')}_usd"


def _folder(settings: Settings, mart: PublicMart, version: int) -> Path:
    return settings.serving / mart.schema / _VERSION.format(version) / mart.name


def _parts(settings: Settings, mart: PublicMart, version: int) -> str:
    """The parts of a mart as SQL reads them; SettingsError where they are gone, or were written before there were parts."""
    folder = _folder(settings, mart, version)
    found = sorted(folder.glob("*.parquet"))
    if not found:
        raise SettingsError(f"{folder} holds no part of {mart.name}; `incentives run` publishes it anew")
    return f"read_parquet([{', '.join(quoted(part) for part in found)}])"


def _latest(settings: Settings) -> int | None:
    """The last version that was written whole: its ledger head is written last."""
    heads = (settings.serving / "finance").glob("version-*/ledger_head.json")
    return max((number for path in heads if (number := _number(path.parent)) is not None), default=None)


def _number(folder: Path) -> int | None:
    """The number of a version by its folder; None of what somebody put beside them, as a copy."""
    text = folder.name.removeprefix("version-")
    number = int(text) if text.isascii() and text.isdecimal() else None
    return number if number is not None and folder.name == _VERSION.format(number) else None


def _group(settings: Settings, schema: str) -> str | None:
    return settings.finance_group if schema == "finance" else settings.serving_group


def _own(path: Path, group: str | None) -> None:
    if group is None:
        return
    try:
        shutil.chown(path, group=group)
    except (LookupError, PermissionError) as error:
        raise SettingsError(f"{path} cannot be given to the group {group}: {error}; create it or join it") from error


def _forget_old(settings: Settings, previous: int | None, current: int) -> None:
    """Removes versions that were overtaken so long ago that no reader has them open: the grace begins with the next one."""
    limit = time.time() - GRACE_SECONDS
    for schema in _SCHEMAS:
        for folder in (settings.serving / schema).glob("version-*"):
            number = _number(folder)
            if number is None:
                continue
            if number == previous:
                os.utime(folder)
            elif number < current and folder.stat().st_mtime < limit:
                shutil.rmtree(folder)


def loaded_head(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> Head:
    """The head that the ledger had when its tables in the warehouse were loaded; what was posted since is published next time.

    RefusedError where the ledger holds no such posting.
    """
    statement = "select coalesce(max(posting_no), 0), coalesce(max(entry_no), 0) from ledger.ledger_entries"
    posting_no, entry_no = connection.execute(statement).fetchall()[0]
    standing = (Head(one.header.posting_no, one.header.last_entry_no, one.hash) for one in ledger.postings(posting_no))
    head = next(standing, EMPTY)
    if (head.posting_no, head.entry_no) != (posting_no, entry_no):
        raise RefusedError(
            f"the warehouse holds the ledger to posting {posting_no} and entry {entry_no}, which the ledger does not have: "
            "run the job daily_incentives, which loads it anew"
        )
    return head


def require_one_moment(connection: duckdb.DuckDBPyConnection, head: Head) -> None:
    """RefusedError where payouts in the warehouse were paid or returned by postings that its ledger tables, to this head, lack."""
    statement = "select coalesce(max(greatest(export_posting_no, return_posting_no)), 0) from ledger.payouts"
    last = connection.execute(statement).fetchall()[0][0]
    if last > head.posting_no:
        raise RefusedError(
            f"nothing was published, since the warehouse holds payouts to posting {last} and the ledger to posting "
            f"{head.posting_no}: run the job daily_incentives, which loads both"
        )


def published_head(settings: Settings) -> Head | None:
    """The ledger's head as the last publication recorded it; RefusedError where its file was changed to none."""
    latest = _latest(settings)
    if latest is None:
        return None
    path = settings.serving / "finance" / _VERSION.format(latest) / "ledger_head.json"
    try:
        return recorded_head(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RefusedError(
            f"{path} is not the head that was recorded there: move {path.parent} away, then `incentives rebuild`"
        ) from error


def published_progress(settings: Settings) -> Progress | None:
    """How far the home had come by the publication of the latest day, of those that still stand, and of them the last.

    None where none, or but such of an earlier version, says so. RefusedError where a file was changed to none.
    """
    shown = [
        (found.processed_through, number, found)
        for path in (settings.serving / "finance").glob("version-*/state.json")
        if (number := _number(path.parent)) is not None and (found := _progress_in(path)).processed_through is not None
    ]
    return max(shown, key=lambda one: one[:2])[2] if shown else None


def _progress_in(path: Path) -> Progress:
    try:
        return Progress.recorded(path.read_text(encoding="utf-8"))
    except (ValueError, TypeError, KeyError) as error:
        raise RefusedError(
            f"{path} is not the record that was written there: move {path.parent} away, then `incentives rebuild`"
        ) from error
