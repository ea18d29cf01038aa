"""Compressed files: detected by content, read as a stream, bounded in growth."""

from __future__ import annotations

import bz2
import gzip
import os
import subprocess
import sys

import pytest
import zstandard

from app.transfer.errors import Unreadable
from app.transfer.imports.files import compression
from tests import ROOT
from tests.app.transfer.conftest import zipped

CSV = "title,isbn\n" + "".join(f"Book {number},\n" for number in range(2000))

COMPRESSED = {
    "gzip": gzip.compress(CSV.encode()),
    "bzip2": bz2.compress(CSV.encode()),
    "zstd": zstandard.compress(CSV.encode()),
    "zip": zipped(("books.csv", CSV.encode()), ("__MACOSX/books.csv", b"x")),
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_compression_is_detected_by_content(read, name):
    result = read(COMPRESSED[name])
    assert (result.detected.compression, result.counts.prepared, result.aborted) == (name, 2000, None)


@pytest.mark.parametrize("name", [None, *COMPRESSED])
def test_standard_input_is_read_like_a_file(name):
    content = COMPRESSED[name] if name else CSV.encode()
    script = (
        "from app.transfer.imports.pipeline import open_pipeline\n"
        "with open_pipeline('-') as pipeline: outcomes = list(pipeline)\n"
        "prepared = sum(type(outcome).__name__ == 'Prepared' for outcome in outcomes)\n"
        "print(prepared, pipeline.position, pipeline.size)"
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


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstandard.compress])
def test_concatenated_files_are_read_to_their_end(read, compress):
    assert read(compress(CSV.encode()) + compress(b"Last,\n")).counts.prepared == 2001


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstandard.compress])
def test_records_before_a_cut_are_read(read, compress):
    rows = "".join(f"Book {os.urandom(20).hex()},\n" for _ in range(60_000)).encode()
    compressed = compress(b"title,isbn\n" + rows)
    result = read(compressed[: len(compressed) * 2 // 3])
    assert 20_000 < result.counts.prepared < 60_000
    assert "cut off" in result.aborted


@pytest.mark.parametrize("compress", [lambda rows: gzip.compress(rows, 9), bz2.compress, zstandard.compress])
def test_a_bomb_is_not_decompressed(read, monkeypatch, compress):
    monkeypatch.setattr(compression, "EXPANSION_CHECKED_FROM", 1 << 20)
    rows = b"title,isbn\n" + (b"A" * 3999 + b",\n") * 5000
    try:
        message = read(compress(rows)).aborted
    except Unreadable as error:  # the sample grows as much
        message = str(error)
    assert "zip bomb" in message
