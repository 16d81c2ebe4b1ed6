"""Publishing the marts: immutable Parquet in a versioned folder, and the small DuckDB file of views over it.

The small file is replaced last, in one step, so that a reader sees one version whole and never blocks the writer. Does not belong
here: any figure.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data_contracts.public_marts import AS_KNOWN, PUBLIC_MARTS, AsKnownMacro, PublicMart
from orchestration.errors import SettingsError
from orchestration.files import replacing, sync, write_text
from orchestration.ledger.chain import Head
from orchestration.settings import Settings

GRACE_SECONDS = 24 * 3600
"""How long an old version stays for readers that still have it open."""

_VERSION = "version-{:06d}"


@dataclass(frozen=True)
class Publication:
    """A version that was published: its number, the rows of each mart, and how many files it shares with the one before."""

    number: int
    rows: dict[str, int]
    shared: int


def publish(connection: duckdb.DuckDBPyConnection, settings: Settings, head: Head) -> Publication:
    """Publishes every public mart of the warehouse as the next version, with the ledger's head beside it."""
    _make_folders(settings)
    previous = _latest(settings)
    number = 1 + (previous or 0)
    rows, shared = {}, 0
    for mart in PUBLIC_MARTS:
        part = _part(settings, mart, number)
        rows[mart.name] = _write(connection, mart, part)
        shared += previous is not None and _share(_part(settings, mart, previous), part)
        part.chmod(0o640 if _group(settings, mart) else 0o600)
        _own(part, _group(settings, mart))
    for schema, group in (("main", settings.serving_group), ("finance", settings.finance_group)):
        folder = settings.serving / schema / _VERSION.format(number)
        folder.chmod(0o750 if group else 0o700)
        _own(folder, group)
        sync(folder)
    anchor = {"posting_no": head.posting_no, "entry_no": head.entry_no, "hash": head.hash}
    write_text(settings.serving / "finance" / _VERSION.format(number) / "ledger_head.json", json.dumps(anchor) + "\n")
    write_views(settings, number)
    _forget_old(settings, previous, number)
    return Publication(number, rows, shared)


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


def views_elsewhere(settings: Settings) -> bool:
    """Whether the small file shows Parquet of another place: the home moved, or is a copy."""
    target = settings.serving / "marts.duckdb"
    if not target.exists():
        return False
    with duckdb.connect(str(target), read_only=True) as served:
        views = served.execute("select sql from duckdb_views() where not internal").fetchall()
    return not all(f"'{settings.serving}/" in sql for (sql,) in views)


def _write(connection: duckdb.DuckDBPyConnection, mart: PublicMart, part: Path) -> int:
    part.parent.mkdir(parents=True, exist_ok=True)
    order = ", ".join(mart.order_by)
    with replacing(part) as temporary:
        connection.execute(
            f"copy (select * from {mart.relation} order by {order}) to {_quoted(temporary)} (format parquet, compression zstd)"
        )
    (count,) = connection.execute("select count(*) from read_parquet(?)", [str(part)]).fetchone() or (0,)
    return int(count)


def _share(old: Path, new: Path) -> bool:
    """Keeps one copy of a file that did not change, under both names."""
    if not old.exists() or not filecmp.cmp(old, new, shallow=False):
        return False
    with replacing(new) as temporary:
        temporary.hardlink_to(old)
    return True


def _view(connection: duckdb.DuckDBPyConnection, settings: Settings, mart: PublicMart, version: int) -> str:
    part = _quoted(_part(settings, mart, version))
    columns = ", ".join(_shown(name) for name in _columns(connection, part))
    return f"create view {mart.schema}.{mart.name} as select {columns} from read_parquet({part})"


def _macro(connection: duckdb.DuckDBPyConnection, settings: Settings, macro: AsKnownMacro, version: int) -> str:
    """The body reads the Parquet itself: a macro over a view fails where the file is attached under another name."""
    part = _quoted(_part(settings, _mart(macro.movements), version))
    # In the order of the mart, so that one can be set against the other.
    mart = _quoted(_part(settings, _mart(macro.name.removesuffix("_as_known")), version))
    additive = [name for name in _columns(connection, mart) if name not in macro.keys]
    sums = ", ".join(f"cast(sum({name}) as bigint) as {name}" for name in additive)
    shown = ", ".join([*macro.keys, *(_shown(name) for name in additive)])
    keys = ", ".join(macro.keys)
    return (
        f"create macro {macro.name}(k) as table select {shown} from (select {keys}, {sums} from read_parquet({part}) "
        f"where known_on <= cast(k as date) group by {keys} having {macro.exists_where})"
    )


def _mart(name: str) -> PublicMart:
    return next(mart for mart in PUBLIC_MARTS if mart.name == name)


def _columns(connection: duckdb.DuckDBPyConnection, part: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe select * from read_parquet({part})").fetchall()]


def _shown(name: str) -> str:
    """A column as readers see it: an amount in cents stands in dollars beside itself."""
    if not name.endswith("_cents"):
        return f'"{name}"'
    dollars = f"cast(cast({name} as decimal(18, 0)) * cast(0.01 as decimal(3, 2)) as decimal(18, 2))"
    return f"{name}, {dollars} as {name.removesuffix('_cents')}_usd"


def _part(settings: Settings, mart: PublicMart, version: int) -> Path:
    return settings.serving / mart.schema / _VERSION.format(version) / f"{mart.name}.parquet"


def _latest(settings: Settings) -> int | None:
    """The last version that was written whole: its ledger head is written last."""
    heads = (settings.serving / "finance").glob("version-*/ledger_head.json")
    return max((int(path.parent.name.removeprefix("version-")) for path in heads), default=None)


def _make_folders(settings: Settings) -> None:
    settings.serving.mkdir(parents=True, exist_ok=True)
    settings.serving.chmod(0o755)
    for schema, group in (("main", settings.serving_group), ("finance", settings.finance_group)):
        folder = settings.serving / schema
        folder.mkdir(exist_ok=True)
        folder.chmod(0o750 if group else 0o700)
        _own(folder, group)


def _group(settings: Settings, mart: PublicMart) -> str | None:
    return settings.finance_group if mart.finance else settings.serving_group


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
    for schema in ("main", "finance"):
        for folder in (settings.serving / schema).glob("version-*"):
            number = int(folder.name.removeprefix("version-"))
            if number == previous:
                os.utime(folder)
            elif number < current and folder.stat().st_mtime < limit:
                shutil.rmtree(folder)


def published_head(settings: Settings) -> Head | None:
    """The ledger's head as the last publication recorded it."""
    latest = _latest(settings)
    if latest is None:
        return None
    path = settings.serving / "finance" / _VERSION.format(latest) / "ledger_head.json"
    return Head(**json.loads(path.read_text(encoding="utf-8")))


def _quoted(path: Path) -> str:
    return "'" + os.fspath(path).replace("'", "''") + "'"
