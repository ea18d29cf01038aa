"""Dialects: delimiter, quotes, line ends."""

from __future__ import annotations

import csv
import io

import pytest


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_ends_are_detected(read, mark, end):
    rows = [["title", "publisher", "year"], ["One; two, three", "A | B", "1999"], ['The "quoted"', "C\tD", "2001"]]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=mark, lineterminator=end).writerows(rows)
    result = read(buffer.getvalue())
    assert result.detected.dialect.delimiter == mark
    assert [record.values["title"] for record in result.prepared] == ["One; two, three", 'The "quoted"']
    assert [record.values["published"] for record in result.prepared] == ["1999", "2001"]


def test_a_declared_delimiter_is_used(read):
    result = read("sep=;\r\nTitle;Author\r\nA, B;Ann Lee\r\n")
    assert (result.detected.dialect.delimiter, result.only.values["title"], result.only.number) == (";", "A, B", 3)


def test_a_backslash_before_a_closing_quote_is_no_escape(read):
    result = read('title,subtitle\n"A\\",B\n"C",D\n')
    assert [record.values["title"] for record in result.prepared] == ["A\\", "C"]
    assert result.detected.dialect.escape is None
