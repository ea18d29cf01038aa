"""Files that are no catalogs, damaged, or made to do harm: what a person reads, and what memory it takes.

Each ends with a sentence that says what to do, keeps its bounds, and what came before stands.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import os
import random
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .conftest import everything
from .test_marc import POOH, collection

MOST_MEMORY = 250  # megabytes of the whole process
CSV = b"title,page_count\nA,1\nB,2\n"


@dataclass
class Ended:
    """How an import ended: its status, what it said, the most memory that it had in megabytes, and its report."""

    status: int
    said: str
    memory: int
    report: dict[str, Any]


@pytest.fixture
def run(begin, tmp_path: Path) -> Callable[..., Ended]:
    """Import a file, given by its path or by its content, as a process of its own."""

    def ended(file: bytes | Path, *options: str) -> Ended:
        if isinstance(file, bytes):
            content, file = file, tmp_path / "file"
            file.write_bytes(content)
        report = tmp_path / "report.json"
        process, memory = begin(str(file), "--report", str(report), *options), 0
        while process.poll() is None:
            memory = max(memory, peak(process.pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        found = json.loads(report.read_text()) if report.exists() else {}
        return Ended(process.returncode, process.stdout.read(), memory, found)

    return ended


def peak(pid: int) -> int:
    """The most memory that a process had so far. What the system says at its end counts its parent's, too: before it
    began a program of its own.
    """
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:
        return next((int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")), 0)
    return 0


def zipped(*files: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def encrypted() -> bytes:
    """A zip archive that says of its file that it is encrypted."""
    archive = bytearray(zipped(("books.csv", CSV)))
    archive[6] |= 1
    archive[archive.find(b"PK\x01\x02") + 8] |= 1
    return bytes(archive)


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("books.csv")
        entry.size = len(CSV)
        archive.addfile(entry, io.BytesIO(CSV))
    return buffer.getvalue()


# Files (or paths), further options, and words of the sentence. Nothing is written.
REFUSED: dict[str, tuple[bytes | Path, tuple[str, ...], str]] = {
    "empty": (b"", (), "It is empty"),
    "a directory": (Path("/"), (), "It is a directory; name a file in it"),
    "no such file": (Path("/nowhere/books.csv"), (), "It cannot be opened: No such file or directory"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), (), "It is a picture (PNG). Formats that can be read: CSV"),
    "a picture that is said to be a table": (b"\x89PNG\r\n\x1a\n" + bytes(100), ("--format", "csv"), "a picture"),
    "NULs": (bytes(10_000), (), "characters are control characters"),
    "gzip that is cut off in the header": (gzip.compress(CSV, mtime=0)[:14], (), "damaged or cut off"),
    "a zip of two": (zipped(("a.csv", CSV), ("b.csv", CSV)), (), "holds 2 files (a.csv, b.csv); unpack it and name"),
    "a zip in a zip": (zipped(("a.zip", zipped(("a.csv", CSV)))), (), "compressed twice; unpack it once"),
    "gzip in bzip2": (bz2.compress(gzip.compress(CSV)), (), "compressed twice; unpack it once"),
    "an encrypted zip": (encrypted(), (), "The archive is encrypted; unpack it first"),
    "a tar archive": (tarred(), (), "It is a tar archive; unpack it and name a file in it"),
    "an encoding that it has not": (CSV, ("--encoding", "utf-16"), "Leave --encoding out: it is guessed"),
    "an encoding of bytes": (CSV, ("--encoding", "base64"), "There is no encoding 'base64'; try utf-8"),
    "a delimiter that it has not": (CSV, ("--delimiter", ";"), "the first reads: title,page_count"),
    "two delimiters": (CSV, ("--delimiter", ";;"), "A delimiter is one character, or tab"),
    "a column that it has not": (CSV, ("--map", "title=Titel"), "There is no column 'Titel'. Did you mean title?"),
    "a restore of a table": (CSV, ("--restore",), "--restore reads the NDJSON that `catalog export` wrote"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(load, client, name):
    file, options, sentence = REFUSED[name]
    found = load(file, options=options)
    assert (found.exit_code, sentence in found.said) == (2, True), found.said
    assert everything(client) == []


def test_a_file_that_may_not_be_read_is_refused(run, tmp_path):
    file = tmp_path / "secret.csv"
    file.write_bytes(CSV)
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("root may read everything.")
    found = run(file)
    assert (found.status, "It cannot be opened: Permission denied" in found.said) == (2, True), found.said


def test_a_file_that_a_disk_cannot_read_is_told_with_the_place(run):
    found = run(Path("/proc/self/mem"))
    assert (found.status, "It cannot be read further than 0 bytes: Input/output error" in found.said) == (2, True)


RECORD = POOH.as_marc()
ROWS = "".join(f"{random.Random(n).random()},{n}\n" for n in range(1, 30_000)).encode()
PACKED = gzip.compress(b"title,page_count\n" + ROWS)
HALF = b"title,page_count\n" + b"".join(b"Good,%d\n" % n if n % 2 else b",broken\n" for n in range(1, 20_001))


# Files, further options, the status, the counts (read, created, rejected; None: some) and words of what is said.
@pytest.mark.parametrize(
    ("content", "options", "status", "counts", "sentence"),
    [
        (b"title,isbn\n", (), 0, (0, 0, 0), "There are no records in it"),
        (PACKED[: len(PACKED) * 2 // 3], (), 2, None, "Get it again; what was read up to there stands"),
        (PACKED[:-6], (), 2, None, "Get it again; what was read up to there stands"),
        (RECORD + b"00123" + RECORD[5:] + RECORD, (), 1, (3, 2, 1), "says that it has 123 bytes, and has"),
        (b"abcde" + RECORD[5:] + RECORD, (), 1, (2, 1, 1), "The record cannot be read as MARC"),
        (RECORD + RECORD[:-20], (), 1, (2, 1, 1), "The record is cut off"),
        (b"title,page_count\nA\x00,1\n\x00,2\n" + ROWS[:500], (), 1, None, "title is required"),
        (HALF, (), 1, (20_000, 10_000, 10_000), "… and 9,980 more"),
        (b'[{"title": "A"}, {"title": "B', (), 2, (1, 1, 0), "the file is cut off there"),
        (collection(POOH)[:-5], (), 2, None, "What came before stands"),
        (CSV, ("--format", "marc"), 1, (1, 0, 1), "Nothing of it is MARC 21; leave --format out, and it is guessed"),
        (CSV, ("--format", "marcxml"), 2, (0, 0, 0), "Nothing of it is MARCXML; leave --format out"),
        (CSV, ("--format", "json"), 2, (0, 0, 0), "Nothing of it is JSON array; leave --format out"),
        (CSV, ("--format", "ndjson"), 1, (3, 0, 3), "Nothing of it is NDJSON; leave --format out"),
        (CSV, ("--format", "openlibrary"), 1, (3, 0, 3), "Nothing of it is Open Library dump; leave --format out"),
    ],
    ids=[
        *("a header only", "gzip that is cut off", "gzip without its end", "MARC of a wrong length"),
        *("MARC of no length", "MARC that is cut off", "NULs in a table", "half of the rows broken"),
        *("JSON that is cut off", "XML that is cut off", "no MARC", "no XML", "no array", "no NDJSON", "no dump"),
    ],
)
def test_a_file_that_is_damaged_costs_only_what_is_damaged(load, content, options, status, counts, sentence):
    found = load(content, options=options)
    assert (found.exit_code, sentence in found.said) == (status, True), found.said
    if counts is not None:
        read, created, rejected = counts
        assert (found.report["read"], found.report["rejected"]) == (read, rejected)
        assert found.report["created"] + found.report["unchanged"] == created
    else:
        assert found.report["created"] > 0


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_pipe_with_a_name_is_read_as_it_comes_however_slowly_it_begins(load, client, tmp_path, pack):
    pipe, content = tmp_path / "pipe", pack(CSV)
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("wb", buffering=0) as stream:
            for number in range(len(content)):
                stream.write(content[number : number + 1])

    writer = threading.Thread(target=write)
    writer.start()
    found = load(pipe)
    writer.join()
    assert (found.exit_code, found.report["created"]) == (0, 2), found.said


LONG = b"x" * 1_000_000
MARCXML = b'<collection xmlns="http://www.loc.gov/MARC21/slim"><record><leader>00000nam a2200000 a 4500</leader>'
FIELD = b'<datafield tag="500" ind1=" " ind2=" "><subfield code="a">x</subfield></datafield>'


# How a file begins, what is repeated a hundred times, and how it ends; the status, the records that are created.
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
def test_a_line_of_a_hundred_megabytes_is_told_and_passed_over_within_bounds(
    run, tmp_path, beginning, repeated, end, status, created
):
    file = tmp_path / "long"
    with file.open("wb") as stream:
        stream.write(beginning)
        for _ in range(100):
            stream.write(repeated)
        stream.write(end)
    found = run(file)
    assert (found.status, "Traceback" in found.said) == (status, False), found.said
    assert created is None or found.report["created"] == created
    assert found.memory <= MOST_MEMORY


@pytest.mark.parametrize("form", ["gzip", "zip"])
def test_a_bomb_is_told_before_it_is_unpacked(run, tmp_path, form):
    file = tmp_path / "bomb"
    rows = (b"A" * 99_999 + b",\n") * 10
    archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) if form == "zip" else None
    with archive.open("books.csv", "w") if archive else gzip.open(file, "wb") as stream:
        stream.write(b"title,isbn\n")
        for _ in range(120):
            stream.write(rows)
    if archive:
        archive.close()
    found = run(file)
    assert (found.status, "a zip bomb. If it is none, unpack it first" in found.said) == (2, True), found.said
    assert found.memory <= MOST_MEMORY


@pytest.mark.parametrize("column", ["junk", "biography"])
def test_memory_is_bounded_by_what_rows_hold_and_not_by_how_many_there_are(run, tmp_path, column):
    file, cell = tmp_path / "wide.csv", b"word " * (190_000 if column == "junk" else 19_000)
    with file.open("wb") as stream:
        stream.write(b"name,%s\n" % column.encode())
        for number in range(120_000_000 // len(cell)):
            stream.write(b"Name %d,%s\n" % (number, cell))
    found = run(file, "--dry-run")
    assert (found.status, found.memory <= MOST_MEMORY) == (0, True), (found.said, found.memory)
