"""What may lie in landing besides data: folders, links, pipes, odd names, bombs. Refused in one line, in bounded memory."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data_contracts.feeds import FEEDS
from orchestration.acceptance import accept_delivery
from orchestration.deliveries import check_all_closed, find_deliveries, waive
from orchestration.readers import LONGEST_RECORD, MOST_COLUMNS


@pytest.fixture
def folder(world, good_row):
    """The folder of a delivery with one good file."""
    return world.put_rows("order_lines", [good_row["order_lines"]], "good.csv").parent


def _refused(world, message):
    """The delivery is refused in one short line, twice alike, and can be waived as it stands."""
    record = world.accept("order_lines")
    assert record.state == "REFUSED"
    assert message in record.reason
    assert "\n" not in record.reason and len(record.reason) < 1_000
    assert world.accept("order_lines") == record
    assert waive(world.settings, FEEDS["order_lines"], record.landed_on, "why", "ann").state == "WAIVED"
    assert check_all_closed(world.settings) == 1


# What is no file


def test_folder_named_like_a_file(world, folder):
    (folder / "a.csv").mkdir()
    _refused(world, "a.csv is a folder")


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "_manifest.json"])
def test_pipe(world, folder, name):
    os.mkfifo(folder / name)
    _refused(world, f"{name} is no file")


def test_socket(world, folder, monkeypatch):
    monkeypatch.chdir(folder)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("a.csv")
    _refused(world, "a.csv is no file")


@pytest.mark.parametrize("target", ["/dev/zero", "/dev/null", "/dev/stdin"])
def test_link_to_a_device(world, folder, target):
    (folder / "a.csv").symlink_to(target)
    _refused(world, "a.csv is a link")


# Links


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "_manifest.json"])
def test_link_out_of_landing(world, folder, tmp_path, name):
    outside = tmp_path / "outside"
    shutil.copy(folder / "good.csv", outside)
    (folder / name).symlink_to(outside)
    _refused(world, f"{name} is a link that leads out of landing")


@pytest.mark.parametrize("name", ["a.csv", "_manifest.json"])
def test_dangling_link(world, folder, name):
    (folder / name).symlink_to("gone.csv")
    _refused(world, f"{name} is a link that leads nowhere")


@pytest.mark.parametrize("name", ["a.csv", "_manifest.json"])
def test_link_to_itself(world, folder, name):
    (folder / name).symlink_to(name)
    _refused(world, f"{name} is a link that leads nowhere")


def test_link_within_landing_is_read(world, folder, good_row):
    (folder / "again.csv").symlink_to("good.csv")
    record = world.accept("order_lines")
    assert (record.state, record.delivered, record.repeats) == ("ACCEPTED", 2, 1)


def test_landing_may_itself_be_a_link(world, good_row, tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    world.settings.landing.symlink_to(real)
    world.put_rows("order_lines", [good_row["order_lines"]])
    assert world.accept("order_lines").state == "ACCEPTED"


# Names


ODD_NAMES = [
    "a b.csv",
    "*.csv",
    "[a].parquet",
    "?.jsonl",
    "ü.csv",
    "e\u0301.csv",
    "👩.csv",
    "-rf.csv",
    "a;b.csv",
    "%.csv",
    "'.csv",
]


def test_odd_names_are_names(world, good_row):
    broken = good_row["order_lines"] | {"quantity": "0"}
    for number, name in enumerate(ODD_NAMES):
        rows = [good_row["order_lines"] | {"order_line_id": f"L{number}"}, broken]
        if name.endswith(".parquet"):
            world.put("order_lines", name, pl.DataFrame(rows[:1]))
        elif name.endswith(".jsonl"):
            world.put("order_lines", name, json.dumps(rows[0]))
        else:
            world.put_rows("order_lines", rows[: 2 if number < 3 else 1], name)
    record = world.accept("order_lines")
    assert (record.state, record.accepted, record.quarantined) == ("ACCEPTED", len(ODD_NAMES), 2)
    assert set(world.quarantined("order_lines")["file"]) == {"a b.csv", "*.csv"}
    assert check_all_closed(world.settings) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [(b"a\xff.csv", r"'a\udcff.csv'"), (b"a\nb.csv", r"'a\nb.csv'"), (b"a\x1b[31m.csv", r"'a\x1b[31m.csv'")],
)
def test_name_that_is_no_text(world, folder, good_row, name, shown):
    shutil.copy(folder / "good.csv", folder / os.fsdecode(name))
    _refused(world, f"{shown} has a name that is no text: rename it")


def test_names_of_folders_that_are_no_text(world, folder):
    (folder.parent / "landed_on=\udcff\n").mkdir()
    (world.settings.landing / "orders\udcff\n").mkdir()
    found = find_deliveries(world.settings)
    assert len(found.deliveries) == 1
    assert [remark.isprintable() and remark.encode() and "ignored" in remark for remark in found.ignored] == [True] * 2


# Files where folders should be


def test_files_where_folders_should_be_are_reported(world, folder):
    (world.settings.landing / "orders").write_text("")
    (world.settings.landing / "orders.csv").write_text("")
    (folder.parent / "landed_on=2025-10-02").write_text("")
    found = find_deliveries(world.settings)
    assert len(found.deliveries) == 1
    assert [remark.partition(" ")[0] for remark in found.ignored] == [
        "order_lines/landed_on=2025-10-02",
        "orders",
        "orders.csv",
    ]
    assert all("is no folder and is ignored" in remark for remark in found.ignored)
    assert accept_delivery(world.settings, FEEDS["order_lines"], date(2025, 10, 2)) is None


# Manifests


MANIFESTS = [
    b"",
    b"\x00",
    b"\xff\xfe{}",
    b"{}{}",
    b"null",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"rows": NaN}',
    b'{"rows": 1e400}',
    b'{"rows": -1}',
    b'{"rows": ' + b"9" * 5_000 + b"}",
    b'{"rows": ' + b"9" * 4_000 + b"}",
    b'{"rows": true}',
    b'{"rows": 1.0}',
    b'{"rows": [[[[]]]]}',
    b'{"rows": "' + b"x" * 100_000 + b'"}',
    b'{"rows": 1, "rows": 1}',
    b'{"totals": {"original_amount": "10", "original_amount": "10"}}',
    b'{"totals": []}',
    b'{"totals": null}',
    b'{"totals": {"original_amount": Infinity}}',
    b'{"totals": {"original_amount": "-10"}}',
    b'{"totals": {"original_amount": 1e1}}',
    b'{"totals": {"original_amount": true}}',
    b'{"totals": {"original_amount": [' + b'"x",' * 100_000 + b'""]}}',
    b'{"totals": {"original_amount": "10.001"}}',
    b'{"totals": {"' + b"x" * 100_000 + b'": 1}}',
    b'{"totals": {"a\\nb\\ud800": 1}}',
    b'{"rows": 1, "rows\\ud800": 1, "x": ' + b"1" * 5_000_000 + b"}",
]  # fmt: skip


@pytest.mark.parametrize("content", MANIFESTS, ids=lambda content: content[:30].decode("latin-1"))
def test_manifest_that_is_none(world, folder, content):
    (folder / "_manifest.json").write_bytes(content)
    _refused(world, "_manifest.json")


# Bytes


def test_header_with_a_million_columns(world, good_row):
    header = ",".join([*good_row["order_lines"], *(f"column_{number}" for number in range(10**6))])
    world.put("order_lines", "a.csv", header + "\n")
    _refused(world, f"a.csv has more than {MOST_COLUMNS:,} columns")


def test_json_row_with_too_many_columns(world):
    world.put("order_lines", "a.jsonl", "{" + ", ".join(f'"{number}": 1' for number in range(10**5)) + "}")
    _refused(world, f"a.jsonl has more than {MOST_COLUMNS:,} columns")


def test_json_rows_with_columns_of_their_own(world, good_row, monkeypatch):
    monkeypatch.setattr("orchestration.readers.MOST_COLUMNS", 20)
    rows = [json.dumps(good_row["order_lines"] | {f"x{number}": 1}) for number in range(30)]
    world.put("order_lines", "a.jsonl", "\n".join(rows))
    _refused(world, "a.jsonl has more than 20 columns")


def test_field_of_ten_megabytes(world, good_row):
    row = good_row["order_lines"] | {"product_id": "x" * 10_000_000}
    world.put_rows("order_lines", [row])
    world.put("order_lines", "b.jsonl", json.dumps(row))
    world.put("order_lines", "c.parquet", pl.DataFrame([row | {"quantity": "0"}]))
    record = world.accept("order_lines")
    assert (record.accepted, record.repeats, record.quarantined) == (1, 1, 1)
    assert world.accepted("order_lines")["product_id"].str.len_bytes().to_list() == [10_000_000]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_record_without_end(world, good_row, name):
    world.put("order_lines", name, ",".join(good_row["order_lines"]) + "\n" + "x" * (LONGEST_RECORD + 1))
    _refused(world, f"{name} has a row of more than {LONGEST_RECORD:,} characters")


def test_quote_that_is_never_closed(world, good_row):
    line = ",".join(good_row["order_lines"].values()) + "\n"
    world.put("order_lines", "a.csv", ",".join(good_row["order_lines"]) + '\n"' + line * (LONGEST_RECORD // len(line)))
    _refused(world, "a.csv opens a quote that it never closes")


def test_line_ends_of_old(world, good_row):
    row = good_row["order_lines"]
    world.put("order_lines", "a.csv", ",".join(row) + "\r" + ",".join(row.values()) + "\r")
    _refused(world, "a.csv has a header that breaks RFC 4180")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz"])
def test_byte_order_mark_alone_delivers_no_rows(world, name):
    content = "\ufeff".encode()
    world.put("order_lines", name, gzip.compress(content) if name.endswith(".gz") else content)
    record = world.accept("order_lines")
    assert (record.state, record.delivered) == ("ACCEPTED", 0)


def test_rows_that_are_no_records(world, good_row, monkeypatch):
    monkeypatch.setattr("orchestration.acceptance._MOST_TEXT", 10_000)
    rows = [
        good_row["order_lines"] | {"order_line_id": f"L{number}", "product_id": "x" * 1_000} for number in range(20)
    ]
    world.put_rows("order_lines", rows)
    assert world.accept("order_lines").state == "ACCEPTED"
    shutil.rmtree(world.settings.home)
    world.put_rows("order_lines", [row | {"product_id": "x" * 3_000} for row in rows])
    _refused(world, "a.csv are longer than 2,048 bytes on average")


def test_file_without_permission(world, folder, monkeypatch):
    path = folder / "a.csv"
    shutil.copy(folder / "good.csv", path)
    opened = Path.open

    def forbidding(self, *arguments, **named):
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", forbidding)
    _refused(world, "a.csv cannot be read ([Errno 13] Permission denied")


@pytest.mark.parametrize(("group", "files"), [("bombs", 7), ("longest records", 5), ("many long rows", 5)])
def test_memory_is_bounded(tmp_path, group, files):
    """Less than a GiB, of acceptance alone: in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("fuzz_memory.py")), group, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    taken_in = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(taken_in) == files
    for name, state, _, reason, most_memory in taken_in:
        assert most_memory < 1_024, name
        assert state == "REFUSED", name
        assert len(reason) < 700
