"""Files that are damaged or made to do harm: what people read, and the memory it takes."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import subprocess
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.app.transfer.marc_records import POOH, collection

MAX_MEMORY = 250  # megabytes of the whole process
CSV = b"title,page_count\nA,1\nB,2\n"


@dataclass
class Ended:
    """How an import ended."""

    status: int
    output: str
    memory: int  # the most that it had, in megabytes
    report: dict[str, Any]


@pytest.fixture
def run(start_import, tmp_path: Path) -> Callable[..., Ended]:
    """Import a file, given by path or content, in a process of its own."""

    def ended(file: bytes | Path, *options: str) -> Ended:
        if isinstance(file, bytes):
            content, file = file, tmp_path / "file"
            file.write_bytes(content)
        report = tmp_path / "report.json"
        process, memory = start_import(str(file), "--report", str(report), *options), 0
        while process.poll() is None:
            memory = max(memory, peak(process.pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        result = json.loads(report.read_text()) if report.exists() else {}
        return Ended(process.returncode, process.stdout.read(), memory, result)

    return ended


def peak(pid: int) -> int:
    """Return the most memory that a process has had so far, in megabytes.

    The figure that the system gives at its end includes the memory of its parent before `exec`.
    """
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:
        return next((int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")), 0)
    return 0


def test_a_file_without_read_permission_is_refused(run, tmp_path):
    file = tmp_path / "secret.csv"
    file.write_bytes(CSV)
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("root may read everything.")
    result = run(file)
    assert (result.status, "The file cannot be opened: Permission denied" in result.output) == (2, True), result.output


def test_a_read_error_is_reported_with_its_position(run):
    result = run(Path("/proc/self/mem"))
    assert (result.status, "Reading failed after 0 bytes: Input/output error" in result.output) == (2, True)


RECORD = POOH.as_marc()
ROWS = "".join(f"{random.Random(n).random()},{n}\n" for n in range(1, 20_000)).encode()
PACKED = gzip.compress(b"title,page_count\n" + ROWS)
HALF = b"title,page_count\n" + b"".join(b"Good,%d\n" % n if n % 2 else b",broken\n" for n in range(1, 20_001))


# Content, options, exit status, counts (read, created, rejected; None: at least one created), words of the output.
@pytest.mark.parametrize(
    ("content", "options", "status", "counts", "sentence"),
    [
        (b"title,isbn\n", (), 0, (0, 0, 0), "The file has no records"),
        (PACKED[: len(PACKED) * 2 // 3], (), 2, None, "The records before that are imported. Get the file again"),
        (PACKED[:-6], (), 2, None, "The records before that are imported. Get the file again"),
        (RECORD + b"00123" + RECORD[5:] + RECORD, (), 1, (3, 2, 1), "bytes, but its leader states 123"),
        (b"abcde" + RECORD[5:] + RECORD, (), 1, (2, 1, 1), "Not a valid MARC record"),
        (RECORD + RECORD[:-20], (), 1, (2, 1, 1), "The record is cut off"),
        (b"title,page_count\nA\x00,1\n\x00,2\n" + ROWS[:500], (), 1, None, "title is required"),
        (HALF, (), 1, (20_000, 10_000, 10_000), "… and 9,980 more"),
        (b'[{"title": "A"}, {"title": "B', (), 2, (1, 1, 0), "the file is cut off there"),
        (collection(POOH)[:-5], (), 2, None, "The records before it are imported"),
        (CSV, ("--format", "marc"), 1, (1, 0, 1), "No record is valid MARC 21. Omit --format to detect the format"),
        (CSV, ("--format", "marcxml"), 2, (0, 0, 0), "No record is valid MARCXML. Omit --format"),
        (CSV, ("--format", "json"), 2, (0, 0, 0), "No record is valid JSON array. Omit --format"),
        (CSV, ("--format", "ndjson"), 1, (3, 0, 3), "No record is valid NDJSON. Omit --format"),
        (CSV, ("--format", "openlibrary"), 1, (3, 0, 3), "No record is valid Open Library dump. Omit --format"),
    ],
    ids=[
        *("a header only", "gzip that is cut off", "gzip without its end", "MARC of a wrong length"),
        *("MARC of no length", "MARC that is cut off", "NULs in a table", "half of the rows broken"),
        *("JSON that is cut off", "XML that is cut off", "no MARC", "no XML", "no array", "no NDJSON", "no dump"),
    ],
)
def test_only_the_damaged_part_is_lost(load, content, options, status, counts, sentence):
    result = load(content, options=options)
    assert (result.exit_code, sentence in result.output) == (status, True), result.output
    if counts is not None:
        read, created, rejected = counts
        assert (result.report["read"], result.report["rejected"]) == (read, rejected)
        assert result.report["created"] + result.report["unchanged"] == created
    else:
        assert result.report["created"] > 0


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_named_pipe_is_read_however_slowly_it_begins(load, client, tmp_path, pack):
    pipe, content = tmp_path / "pipe", pack(CSV)
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("wb", buffering=0) as stream:
            for number in range(len(content)):
                stream.write(content[number : number + 1])

    writer = threading.Thread(target=write)
    writer.start()
    result = load(pipe)
    writer.join()
    assert (result.exit_code, result.report["created"]) == (0, 2), result.output


LONG = b"x" * 1_000_000
MARCXML = b'<collection xmlns="http://www.loc.gov/MARC21/slim"><record><leader>00000nam a2200000 a 4500</leader>'
FIELD = b'<datafield tag="500" ind1=" " ind2=" "><subfield code="a">x</subfield></datafield>'


# How a file begins, what is repeated a hundred times, how it ends; exit status, and records created.
@pytest.mark.parametrize(
    ("beginning", "repeated", "end", "status", "created"),
    [
        (b"title,subtitle\nFirst,\nSecond,", LONG, b"\nThird,\n", 1, 2),
        (b"", LONG, b"", 2, None),
        (b'{"title": "First"}\n{"title": "', LONG, b'"}\n{"title": "Third"}\n', 1, 2),
        (b'[{"title": "First"}, {"title": "', LONG, b'"}, {"title": "Third"}]', 2, 1),
        (RECORD, LONG, b"\x1d" + RECORD[:5] + RECORD[5:], 1, 1),
        (MARCXML + b'<datafield tag="245" ind1=" " ind2=" "><subfield code="a">', LONG, b"", 2, 0),
        (MARCXML + b'<datafield tag="', LONG, b"", 2, 0),
        (MARCXML, FIELD * 10_000, b"</record></collection>", 2, 0),
    ],
    ids=[
        "CSV",
        "nothing else",
        "NDJSON",
        "JSON",
        "MARC",
        "MARCXML",
        "a tag without end",
        "a record of a million fields",
    ],
)
def test_a_line_of_100_megabytes_takes_bounded_memory(run, tmp_path, beginning, repeated, end, status, created):
    file = tmp_path / "long"
    with file.open("wb") as stream:
        stream.write(beginning)
        for _ in range(100):
            stream.write(repeated)
        stream.write(end)
    result = run(file)
    assert (result.status, "Traceback" in result.output) == (status, False), result.output
    assert created is None or result.report["created"] == created
    assert result.memory <= MAX_MEMORY


@pytest.mark.parametrize("form", ["gzip", "zip"])
def test_a_bomb_is_reported_before_it_is_decompressed(run, tmp_path, form):
    file = tmp_path / "bomb"
    rows = (b"A" * 99_999 + b",\n") * 10
    archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) if form == "zip" else None
    with archive.open("books.csv", "w") if archive else gzip.open(file, "wb") as stream:
        stream.write(b"title,isbn\n")
        for _ in range(120):
            stream.write(rows)
    if archive:
        archive.close()
    result = run(file)
    assert (result.status, "a zip bomb. If you trust it, unpack it first" in result.output) == (2, True), result.output
    assert result.memory <= MAX_MEMORY


@pytest.mark.parametrize("column", ["junk", "biography"])
def test_memory_does_not_grow_with_the_rows(run, tmp_path, column):
    file, cell = tmp_path / "wide.csv", b"word " * (190_000 if column == "junk" else 19_000)
    with file.open("wb") as stream:
        stream.write(b"name,%s\n" % column.encode())
        for number in range(120_000_000 // len(cell)):
            stream.write(b"Name %d,%s\n" % (number, cell))
    result = run(file, "--dry-run")
    assert (result.status, result.memory <= MAX_MEMORY) == (0, True), (result.output, result.memory)
