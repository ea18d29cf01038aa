"""Files that cannot be imported, and options that do not fit them: the message says what to do."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
from pathlib import Path

import pytest

from tests.app.transfer.conftest import everything, zipped

CSV = b"title,page_count\nA,1\nB,2\n"


def encrypted() -> bytes:
    """Return a zip archive whose only file is marked as encrypted."""
    archive = bytearray(zipped(("books.csv", CSV)))
    archive[6] |= 1
    archive[archive.find(b"PK\x01\x02") + 8] |= 1
    return bytes(archive)


def tarred() -> bytes:
    """Return a compressed tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("books.csv")
        entry.size = len(CSV)
        archive.addfile(entry, io.BytesIO(CSV))
    return buffer.getvalue()


# Content (or path), options, and words of the sentence.
REFUSED: dict[str, tuple[bytes | Path, tuple[str, ...], str]] = {
    "empty": (b"", (), "The file is empty"),
    "a directory": (Path("/"), (), "This is a directory. Name a file in it"),
    "no such file": (Path("/nowhere/books.csv"), (), "The file cannot be opened: No such file or directory"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), (), "The file is a picture (PNG). Supported formats: CSV"),
    "a picture with --format csv": (b"\x89PNG\r\n\x1a\n" + bytes(100), ("--format", "csv"), "a picture"),
    "NULs": (bytes(10_000), (), "characters are control characters"),
    "gzip that is cut off in the header": (gzip.compress(CSV, mtime=0)[:14], (), "damaged or cut off"),
    "a zip of two": (zipped(("a.csv", CSV), ("b.csv", CSV)), (), "has 2 files (a.csv, b.csv). Unpack it and import"),
    "a zip in a zip": (zipped(("a.zip", zipped(("a.csv", CSV)))), (), "compressed twice. Unpack it once"),
    "gzip in bzip2": (bz2.compress(gzip.compress(CSV)), (), "compressed twice. Unpack it once"),
    "an encrypted zip": (encrypted(), (), "The archive is encrypted. Unpack it first"),
    "a tar archive": (tarred(), (), "The file is a tar archive. Unpack it and import a file in it"),
    "an encoding that does not fit": (CSV, ("--encoding", "utf-16"), "Omit --encoding to detect it"),
    "an encoding of bytes": (CSV, ("--encoding", "base64"), "Unknown encoding 'base64'. Try utf-8"),
    "a delimiter that does not occur": (CSV, ("--delimiter", ";"), "the first line is: title,page_count"),
    "two delimiters": (CSV, ("--delimiter", ";;"), "';;' is not a delimiter. Use one character, or tab"),
    "a column that does not exist": (CSV, ("--map", "title=Titel"), "There is no column 'Titel'. Did you mean title?"),
    "a restore of a table": (CSV, ("--restore",), "--restore reads NDJSON written by `"),
    "a restore of NDJSON without ids": (
        b'{"title":"A"}\n',
        ("--restore",),
        "The first record has no id, created_at, updated_at, so the file is not a complete export",
    ),
    "a restore of chosen fields": (b'[{"id":1,"name":"A"}]', ("--restore",), "has no created_at, updated_at"),
    "a restore of books before their authors": (
        b'{"id":1,"title":"A","authors":[{"id":1}],"created_at":"2024-01-01T00:00:00Z","updated_at":null}\n',
        ("--restore",),
        "The first record is a book, but its authors must be restored before it",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_unusable_file_is_refused_in_a_sentence(load, client, name):
    file, options, sentence = REFUSED[name]
    result = load(file, options=options)
    assert (result.exit_code, sentence in result.output) == (2, True), result.output
    assert everything(client) == []
