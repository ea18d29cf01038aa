"""Sources: opened by content, unpacked as a stream, and clear about what cannot be read."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import zstandard

from app.transfer import intake, sources
from app.transfer.readers import lines
from tests.conftest import ROOT

CSV = "title,isbn\n" + "".join(f"Book {number},\n" for number in range(2000))


def zipped(*files: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


PACKED = {
    "gzip": gzip.compress(CSV.encode()),
    "bzip2": bz2.compress(CSV.encode()),
    "zstd": zstandard.compress(CSV.encode()),
    "zip": zipped(("books.csv", CSV.encode()), ("__MACOSX/books.csv", b"x")),
}


@pytest.mark.parametrize("packing", PACKED)
def test_a_packed_file_is_opened_by_its_content(read, packing):
    found = read(PACKED[packing])
    assert (found.guess.packing, found.counts.prepared, found.broke_off) == (packing, 2000, None)


@pytest.mark.parametrize("packing", [None, *PACKED])
def test_standard_input_is_read_like_a_file(packing):
    content = PACKED[packing] if packing else CSV.encode()
    script = (
        "from app.transfer import intake\n"
        "with intake.open('-') as incoming: list(incoming)\n"
        "print(incoming.counts.prepared, incoming.position, incoming.size)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        input=content,
        capture_output=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    prepared, position, size = run.stdout.split()
    assert (int(prepared), int(position), size) == (2000, len(content), b"None"), run.stderr


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zstandard.compress])
def test_packed_files_that_were_put_together_are_read_to_their_end(read, pack):
    assert read(pack(CSV.encode()) + pack(b"Last,\n")).counts.prepared == 2001


@pytest.mark.parametrize("packing", ["gzip", "bzip2", "zstd"])
def test_what_stands_before_a_cut_is_read_and_the_cut_is_said(read, packing):
    rows = "".join(f"Book {os.urandom(20).hex()},\n" for _ in range(60_000)).encode()
    pack = {"gzip": gzip.compress, "bzip2": bz2.compress, "zstd": zstandard.compress}[packing]
    packed = pack(b"title,isbn\n" + rows)
    found = read(packed[: len(packed) * 2 // 3])
    assert 20_000 < found.counts.prepared < 60_000
    assert "cut off" in found.broke_off


UNUSABLE = {
    "nothing": (b"", "It is empty"),
    "gzip of nothing": (gzip.compress(b""), "What is packed in it is empty"),
    "white space": (b" \n\n ", "nothing but white space"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
    "JPEG": (b"\xff\xd8\xff\xe0" + bytes(100), "a picture"),
    "PDF": (b"%PDF-1.7\n", "a PDF"),
    "SQLite": (b"SQLite format 3\0", "SQLite"),
    "binary": (bytes(range(256)) * 40, "no text"),
    "web page": (b"<!DOCTYPE html><html><body>404</body></html>", "a web page"),
    "XML": (b"<?xml version='1.0'?><catalog/>", "no MARCXML"),
    "zip of two": (zipped(("a.csv", b"title\nA\n"), ("b.csv", b"title\nB\n")), r"holds 2 files \(a.csv, b.csv\)"),
    "workbook": (zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")), "Excel"),
    "zip of nothing": (zipped(), "holds 0 files"),
    "cut zip": (zipped(("a.csv", b"title\nA\n"))[:-9], "cannot be read"),
    "gzip of gzip": (gzip.compress(gzip.compress(b"title\nA\n")), "compressed twice"),
    "cut gzip": (gzip.compress(b"title\nA\n")[:11], "damaged or cut off"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(read, name):
    content, words = UNUSABLE[name]
    with pytest.raises(intake.Unreadable, match=words):
        read(content)


def test_a_directory_and_a_file_that_is_not_there_are_refused(tmp_path):
    with pytest.raises(intake.Unreadable, match="It is a directory"):
        intake.open(str(tmp_path))
    with pytest.raises(intake.Unreadable, match="No such file"):
        intake.open(str(tmp_path / "none.csv"))


@pytest.mark.parametrize("pack", [lambda rows: gzip.compress(rows, 9), bz2.compress, zstandard.compress])
def test_a_bomb_is_not_unpacked(read, monkeypatch, pack):
    monkeypatch.setattr(sources, "HARMLESS", 1 << 20)
    rows = b"title,isbn\n" + (b"A" * 3999 + b",\n") * 5000
    try:
        said = read(pack(rows)).broke_off
    except intake.Unreadable as error:  # already its beginning grows so much
        said = str(error)
    assert "zip bomb" in said


def test_a_line_without_an_end_is_passed_over_within_bounds(tmp_path: Path):
    file = tmp_path / "long.csv"
    with file.open("wb") as stream:
        stream.write(b"title,subtitle\nFirst,\nSecond,")
        for _ in range(100):
            stream.write(b"x" * 1_000_000)
        stream.write(b"\nThird,\n")
    script = (
        "import resource\n"
        "from app.transfer import intake\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"with intake.open({str(file)!r}) as incoming: kinds = [type(one).__name__ for one in incoming]\n"
        "print(kinds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        timeout=60,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    kinds, grown = run.stdout.rsplit(maxsplit=1)
    assert kinds == "['Prepared', 'Rejected', 'Prepared']", run.stderr
    assert int(grown) < 100


def test_the_place_of_a_line_that_is_too_long_is_said(read, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 100)
    found = read("title,subtitle\nFirst,\n" + "x" * 250 + "\nThird,\n")
    assert [one.place for one in found.outcomes] == [2, 3, 4]
    assert "251 characters" in found.rejected[0].flaws[0].reason
