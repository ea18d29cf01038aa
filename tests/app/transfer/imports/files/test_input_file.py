"""Input files that cannot be used."""

from __future__ import annotations

import gzip
import os
import pwd
from collections.abc import Iterator

import pytest

from app.transfer.errors import Unreadable
from app.transfer.imports.pipeline import open_pipeline
from tests.app.transfer.conftest import zipped

UNREADABLE = {
    "nothing": (b"", "The file is empty"),
    "gzip of nothing": (gzip.compress(b""), "The compressed file is empty"),
    "white space": (b" \n\n ", "only white space"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
    "JPEG": (b"\xff\xd8\xff\xe0" + bytes(100), "a picture"),
    "PDF": (b"%PDF-1.7\n", "a PDF"),
    "SQLite": (b"SQLite format 3\0", "SQLite"),
    "binary": (bytes(range(256)) * 40, "not text"),
    "web page": (b"<!DOCTYPE html><html><body>404</body></html>", "a web page"),
    "XML": (b"<?xml version='1.0'?><catalog/>", "not MARCXML"),
    "zip of two": (zipped(("a.csv", b"title\nA\n"), ("b.csv", b"title\nB\n")), r"has 2 files \(a.csv, b.csv\)"),
    "workbook": (zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")), "Excel"),
    "zip of nothing": (zipped(), "has 0 files"),
    "cut zip": (zipped(("a.csv", b"title\nA\n"))[:-9], "cannot be read"),
    "gzip of gzip": (gzip.compress(gzip.compress(b"title\nA\n")), "compressed twice"),
    "cut gzip": (gzip.compress(b"title\nA\n")[:11], "damaged or cut off"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unusable_file_is_unreadable(read, name):
    content, words = UNREADABLE[name]
    with pytest.raises(Unreadable, match=words):
        read(content)


def test_directories_and_missing_files_are_unreadable(tmp_path):
    with pytest.raises(Unreadable, match="This is a directory"):
        open_pipeline(str(tmp_path))
    with pytest.raises(Unreadable, match="No such file"):
        open_pipeline(str(tmp_path / "none.csv"))


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Drop the privileges of root, which can read every file."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.usefixtures("unprivileged")
def test_a_file_without_read_permission_is_unreadable():
    with pytest.raises(Unreadable, match="The file cannot be opened: Permission denied"):
        open_pipeline("/proc/1/mem")  # a process of another user
