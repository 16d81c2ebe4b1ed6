"""Files of exports on disk: whole, for the owner alone, and named where they are not what was exported."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from orchestration.errors import RefusedError
from orchestration.payouts.exports import File, folder_of, foreign_files, missing_files, write_missing
from orchestration.settings import Settings


def file(posting_no: int, name: str, content: bytes) -> File:
    return posting_no, name, hashlib.sha256(content).hexdigest(), content


FILES = [file(3, "cash.csv", b"money"), file(3, "control.json", b"{}"), file(12, "ad_credit.jsonl", b"grant")]


def faults(settings: Settings) -> list[str]:
    return [*missing_files(settings, FILES), *foreign_files(settings, FILES)]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path))
    return Settings.from_environment()


def test_what_is_missing_is_written_once_and_the_same(settings: Settings) -> None:
    first = write_missing(settings, FILES)
    assert [path.relative_to(settings.payouts).as_posix() for path in first] == [
        "export-000003/cash.csv",
        "export-000003/control.json",
        "export-000012/ad_credit.jsonl",
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in first} == {0o600}
    assert {stat.S_IMODE(path.parent.stat().st_mode) for path in first} == {0o700}
    assert write_missing(settings, FILES) == [] and faults(settings) == []
    first[0].unlink()
    assert write_missing(settings, FILES) == [first[0]] and first[0].read_bytes() == b"money"


def test_what_is_not_as_it_was_exported_is_named(settings: Settings) -> None:
    written = write_missing(settings, FILES)
    written[0].write_bytes(b"other")
    written[1].unlink()
    (folder_of(settings, 12) / "cash.csv").write_bytes(b"of nobody")
    told = "\n".join(faults(settings))
    assert "cash.csv is not what was exported: do not send it" in told
    assert "control.json is missing" in told
    assert f"{folder_of(settings, 12) / 'cash.csv'} was never exported: do not send it" in told
    with pytest.raises(RefusedError, match="is not what was exported: move it away"):
        write_missing(settings, FILES)


def test_a_file_beside_the_exports_is_named(settings: Settings) -> None:
    """A copy, say, that somebody would send a second time; not what is ours there."""
    write_missing(settings, FILES)
    (settings.payouts / "ledger_head.json").write_text("{}")
    (settings.payouts / ".ledger_head.json.1.tmp").write_text("{}")
    (settings.payouts / "export-000099").mkdir()
    assert faults(settings) == []
    for name in ("cash.pain001.xml", "export-000003/old/cash.csv", "sent/cash.csv", "export-000099/control.json"):
        stray = settings.payouts / name
        stray.parent.mkdir(exist_ok=True)
        stray.write_bytes(b"money")
        (told,) = faults(settings)
        assert told.startswith(
            f"{stray} was never exported: do not send it; move it out of {settings.payouts} and keep"
        )
        stray.unlink()


def test_a_folder_in_the_place_of_a_file_is_named(settings: Settings) -> None:
    (folder_of(settings, 3) / "cash.csv").mkdir(parents=True)
    assert "cash.csv is not what was exported" in "\n".join(faults(settings))
    with pytest.raises(RefusedError, match="is not what was exported: move it away"):
        write_missing(settings, FILES)


def test_the_totals_are_written_last(settings: Settings) -> None:
    """Where they stand, all files of their export do."""
    files = [file(3, name, b"x") for name in ("ad_credit.jsonl", "cash.csv", "control.json", "shop_credit.jsonl")]
    written = write_missing(settings, [*files, file(7, "control.json", b"y")])
    assert [path.name for path in written] == [
        "ad_credit.jsonl",
        "cash.csv",
        "shop_credit.jsonl",
        "control.json",
        "control.json",
    ]


def test_a_link_to_another_folder_is_named_and_the_folder_of_an_export_may_be_one(
    settings: Settings, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_missing(settings, FILES)
    moved = folder_of(settings, 12).rename(tmp_path / "moved")
    folder_of(settings, 12).symlink_to(moved)
    assert faults(settings) == []
    (elsewhere / "cash.pain001.xml").write_bytes(b"of nobody")
    for link in (settings.payouts / "outbox", folder_of(settings, 3) / "more"):
        link.symlink_to(elsewhere)
    assert [told.split(" was never exported")[0] for told in faults(settings)] == [
        str(folder_of(settings, 3) / "more"),
        str(settings.payouts / "outbox"),
    ]
