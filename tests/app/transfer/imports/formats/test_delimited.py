"""CSV and TSV: quoted cells and broken rows."""

from __future__ import annotations

import csv

from hypothesis import given
from hypothesis import strategies as st

from app.transfer.errors import Unreadable
from app.transfer.records import Skipped
from app.values import cell
from tests.app.transfer.conftest import read_file


def test_quoted_cells_hold_line_breaks(read):
    result = read('title,year\n"One\nline",1999\n\nTwo,2000\n"Three\r\nfour\nfive",2001\nSix,x\n')
    assert [(record.number, record.values["title"]) for record in result.prepared] == [
        (2, "One line"),
        (5, "Two"),
        (6, "Three four five"),
        (9, "Six"),
    ]


def test_rows_around_broken_ones_are_read(read):
    result = read('title,year\nOne,1999\n"Two,2000\nThree,2001\nFour\nFive,2002,x\nSix,2003,\n"a" b,2004\nSeven,2005\n')
    assert [(record.number, record.values["title"]) for record in result.prepared] == [
        (2, "One"),
        (4, "Three"),
        (7, "Six"),
        (9, "Seven"),
    ]
    assert [rejected.number for rejected in result.rejected] == [3, 5, 6, 8]
    assert "quotes" in result.rejected[0].reasons[0].detail
    assert "Row has 1 cell, expected " in result.rejected[1].reasons[0].detail


def test_half_of_the_rows_may_be_broken(read):
    rows = [f"Book {n},1999" if n % 2 else f'"Book {n},1999' for n in range(5000)]
    result = read("title,year\n" + "\n".join(rows))
    titles = {rejected.original[0] for rejected in result.rejected}
    titles |= {record.values["title"] for record in result.prepared}
    assert all(any(f"Book {n}" in title for title in titles) for n in range(0, 5000, 500))
    assert sum(str(outcome.original).count("Book ") for outcome in result.outcomes) == 5000


def test_quotes_in_unquoted_tsv_are_characters(read):
    result = read('title\tyear\n"Hello" he said\t1999\n"Goodbye\t2000\n')
    assert [record.values["title"] for record in result.prepared] == ['"Hello" he said', '"Goodbye']


def test_a_header_alone_has_no_records(read):
    assert read("title,isbn\n").counts.read == 0


@given(st.lists(st.text(min_size=1).filter(lambda item: item.strip() == item)))
def test_a_list_is_read_as_it_was_written(values):
    assert cell.split(cell.join(values)) == values


CELL = st.text(st.sampled_from('ab"\\;,\n\r\t é\0\u2028&') | st.characters(codec="utf-8"), max_size=20)


@given(st.lists(st.lists(CELL, max_size=4), max_size=20), st.sampled_from(",;\t|"))
def test_every_row_of_a_csv_writer_is_read(tmp_path_factory, rows, mark):
    file = tmp_path_factory.mktemp("csv") / "file.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=mark).writerows([["title", "subtitle"], *rows])
    result = read_file(file, format="csv", delimiter=mark, encoding="utf-8")
    with file.open(encoding="utf-8", newline="") as stream:
        expected = [cells for cells in csv.reader(stream, delimiter=mark) if cells][1:]
    assert result.counts.read == len(expected)


@given(st.binary(max_size=2000))
def test_any_bytes_after_a_header_are_accounted_for(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("csv") / "file.csv"
    file.write_bytes(b"title,subtitle,publisher\n" + content)
    try:
        result = read_file(file, format="csv", delimiter=",", encoding="latin-1")
    except Unreadable:
        return
    text = content.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    expected = sum(line.count("a") + line.count("\xe9") for line in text)
    letters = sum(_letters(outcome.original) for outcome in result.outcomes if not isinstance(outcome, Skipped))
    assert letters == expected


def _letters(original) -> int:
    cells = original if isinstance(original, list) else [original]
    return sum(text.count("a") + text.count("\xe9") for text in cells)
