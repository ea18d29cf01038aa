"""Encodings: detected, requested, and bytes that do not fit."""

from __future__ import annotations

import pytest

from app.transfer.errors import Unreadable


@pytest.mark.parametrize(
    ("encoding", "detected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_detected(read, encoding, detected):
    result = read("title,publisher\nL’œuvre “noire” – été,Gallimard\n".encode(encoding))
    assert result.detected.encoding == detected
    assert result.only.values == {"title": "L’œuvre “noire” – été", "publisher": "Gallimard"}


def test_encoding_and_delimiter_can_be_requested(read):
    content = "title:publisher\nВойна и мир:АСТ\n".encode("cp1251")
    result = read(content, encoding="windows-1251", delimiter=":")
    assert result.only.values == {"title": "Война и мир", "publisher": "АСТ"}


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"encoding": "klingon"}, "Unknown encoding 'klingon'"),
        ({"delimiter": "ab"}, "one character"),
        ({"format": "xlsx"}, "Unknown format 'xlsx'"),
        ({"mapping": {"titel": "title"}}, "Did you mean title"),
        ({"mapping": {"title": "titles"}}, "Did you mean title"),
    ],
)
def test_an_impossible_option_is_refused(read, option, words):
    with pytest.raises(Unreadable, match=words):
        read("title,year\nA,1999\n", **option)


def test_stray_bytes_are_read_as_windows_1252(read):
    content = b"title,publisher\n" + "Été,A\n".encode() * 40_000 + b"\xc9t\xe9,B\n"
    result = read(content)
    assert result.prepared[-1].values["title"] == "Été"
    assert result.counts.warnings == {"encoding": 1}


def test_nul_bytes_are_left_out(read):
    result = read("title,publisher\nA\0 book,B\nC,D\n")
    assert [record.values["title"] for record in result.prepared] == ["A book", "C"]
    assert result.counts.warnings == {"characters": 1}
