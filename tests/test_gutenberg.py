"""The conversion of Project Gutenberg's catalogue: on rows that hold its traps, and on the real files."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gutenberg import AUTHOR_COLUMNS, BOOK_COLUMNS, convert
from benchmarks.walk import SORTS, WalkFailed, walk

REAL = os.environ.get("GUTENBERG")

# gutenberg_author_id, author, birthdate, deathdate, aliases
AUTHORS = [
    ("7", "Carroll, Lewis", "1832", "1898", "Dodgson, Charles Lutwidge/Carroll, Lewis/Dodgson, Charles Lutwidge"),
    ("5", "Adam, Paul", "1849", "1931", ""),
    ("6384", "Adam, Paul", "1862", "1920", ""),
    ("773", "Adams, Andy", "1859", "1935", ""),
    ("46459", "Adams, Andy", "", "", ""),
    ("1", "Smith, George", "", "", ""),
    ("2", "Smith,  George", "", "", ""),
    ("26", "Sophocles", "-496", "-406", "Σοφοκλής"),
    ("27", "Sophocles", "", "-106", ""),
    ("9", "Augustine, Saint", "354", "430", ""),
    ("10", "Diogenes [pseudonym]", "", "", "One; Another"),
    ("11", "Dvor\u030cak, Anton", "", "", "Anton\u030c"),
    ("116", "Various", "", "", ""),
    ("216", "Anonymous", "", "", ""),
    ("49", "Unknown", "", "", ""),
]
# gutenberg_id, title, author, gutenberg_author_id, language
BOOKS = [
    ("11", "Alice's Adventures in Wonderland", "Carroll, Lewis", "7", "en"),
    ("20", "Two Fellows", "Adam, Paul", "6384", "fr/en"),
    ("20", "Two Fellows", "Adam, Paul", "5", "fr/en"),
    ("21", "Cattle", "Adams, Andy", "46459", "en"),
    ("22", "Iron", "Smith, G.", "2", "en"),
    ("30", 'A "Quoted"; Title\nand its second line', "Sophocles", "26", "grc"),
    ("40", "The \x9cuvre \x97 a life", "", "", "fr"),
    ("41", "A Collection", "Various", "116", "en"),
    ("42", "Tales", "Anonymous", "216", "en"),
    ("43", "Scraps", "Unknown", "49", "en"),
    ("90907", "", "", "", "en"),
    ("20", "Two Fellows", "Diogenes [pseudonym]", "10", "fr/en"),
]
SUBJECTS = [
    ("11", "lcsh", "Fantasy fiction"),
    ("11", "lcc", "PR"),
    ("11", "lcsh", "Alice (Fictitious character from Carroll) -- Juvenile fiction"),
]


def write(path: Path, columns: str, rows: list[tuple[str, ...]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([columns.split(), *rows])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write(tmp_path / "authors.csv.gz", "gutenberg_author_id author birthdate deathdate aliases", AUTHORS)
    write(tmp_path / "books.csv.gz", "gutenberg_id title author gutenberg_author_id language", BOOKS)
    write(tmp_path / "subjects.csv.gz", "gutenberg_id subject_type subject", SUBJECTS)
    return tmp_path


@pytest.fixture
def converted(source: Path) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]], Counter[str]]:
    """Authors and books by their ids at Project Gutenberg, and the counts."""
    counts = convert(source, source)
    return by_id(source / "authors.csv"), by_id(source / "books.csv"), counts


def by_id(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["identifiers"].removeprefix("gutenberg:"): row for row in csv.DictReader(stream)}


def test_rows_become_one_book_each_with_its_authors_in_order(converted):
    _, books, counts = converted
    assert list(books) == ["11", "20", "21", "22", "30", "40", "41", "42", "43", "90907"]
    assert books["20"]["authors"] == "Adam, Paul, 1862-1920;Adam, Paul, 1849-1931;Diogenes (pseudonym)"
    assert (counts["rows"], counts["books"], counts["book of several rows"]) == (12, 10, 1)


@pytest.mark.parametrize(
    ("author_id", "name"),
    [
        ("7", "Carroll, Lewis"),
        ("5", "Adam, Paul, 1849-1931"),
        ("6384", "Adam, Paul, 1862-1920"),
        ("773", "Adams, Andy, 1859-1935"),
        ("46459", "Adams, Andy"),
        ("1", "Smith, George (Gutenberg author 1)"),
        ("2", "Smith, George (Gutenberg author 2)"),
        ("26", "Sophocles, 496 BC-406 BC"),
        ("27", "Sophocles, -106 BC"),
        ("10", "Diogenes (pseudonym)"),
        ("11", "Dvořak, Anton"),
    ],
)
def test_every_person_has_a_name_of_their_own(converted, author_id, name):
    authors, _, _ = converted
    assert authors[author_id]["name"] == authors[author_id]["sort_name"] == name
    assert len({row["name"] for row in authors.values()}) == len(authors)


def test_homonyms_are_counted_by_how_they_were_told_apart(converted):
    counts = converted[2]
    assert (counts["homonym told apart by years"], counts["homonym told apart by id"]) == (5, 2)


@pytest.mark.parametrize(
    ("author_id", "born", "died"),
    [("7", "1832", "1898"), ("26", "-0496", "-0406"), ("9", "0354", "0430"), ("1", "", "")],
)
def test_years_are_partial_dates(converted, author_id, born, died):
    author = converted[0][author_id]
    assert (author["birth_date"], author["death_date"]) == (born, died)


@pytest.mark.parametrize(
    ("author_id", "names"),
    [("7", "Dodgson, Charles Lutwidge"), ("26", "Σοφοκλής"), ("10", "One, Another"), ("11", "Antoň"), ("1", "")],
)
def test_aliases_are_alternate_names_no_two_alike(converted, author_id, names):
    assert converted[0][author_id]["alternate_names"] == names


@pytest.mark.parametrize("book_id", ["40", "41", "42", "43", "90907"])
def test_what_is_no_person_is_left_out(converted, book_id):
    authors, books, counts = converted
    assert books[book_id]["authors"] == ""
    assert not authors.keys() & {"116", "216", "49"}
    assert [counts[f"no person: {who}"] for who in ("Various", "Anonymous", "Unknown", "(no author)")] == [1, 1, 1, 2]


@pytest.mark.parametrize(
    ("book_id", "title", "mend"),
    [
        ("40", "The œuvre — a life", "C1 control character read as Windows-1252"),
        ("30", 'A "Quoted"; Title\nand its second line', "title of several lines (joined by the service)"),
        ("90907", "[Untitled]", "no title"),
    ],
)
def test_titles_are_mended_and_counted(converted, book_id, title, mend):
    _, books, counts = converted
    assert books[book_id]["title"] == title
    assert counts[mend] == 1


def test_the_first_of_several_languages_is_kept(converted):
    _, books, counts = converted
    assert (books["20"]["language"], books["30"]["language"]) == ("fr", "grc")
    assert counts["first of several languages kept"] == 1


def test_the_id_says_who_an_author_is_not_the_name_in_the_row(converted):
    _, books, counts = converted
    assert books["22"]["authors"] == "Smith, George (Gutenberg author 2)"
    assert counts["author named otherwise than among the authors"] == 1


def test_subject_headings_are_kept_and_class_marks_are_not(converted):
    _, books, _ = converted
    assert books["11"]["subjects"] == "Fantasy fiction;Alice (Fictitious character from Carroll) -- Juvenile fiction"


def test_what_was_converted_loads_completely_and_links_each_book_to_its_own_homonym(app, client, source):
    convert(source, source)
    runner = app.test_cli_runner()
    for arguments, stored in ((["--authors", "authors.csv"], 12), (["books.csv"], 10)):
        result = runner.invoke(args=["catalog", "load", *arguments[:-1], str(source / arguments[-1])])
        assert result.exit_code == 0, result.output
        assert f"{stored} stored, 0 rejected" in result.output
    book = client.get("/books?identifier=gutenberg:20").json["data"][0]
    authors = [client.get(f"/authors/{author['id']}").json for author in book["authors"]]
    assert [author["identifiers"] for author in authors] == [{"gutenberg": [i]} for i in ("6384", "5", "10")]
    title = client.get("/books?identifier=gutenberg:30&fields=title").json["data"][0]["title"]
    assert title == 'A "Quoted"; Title and its second line'
    assert client.get("/authors?total=exact").json["meta"]["total"] == 12


def test_a_walk_sees_each_book_once_there_and_back_under_every_sort(app, database_url, start_server, source):
    convert(source, source)
    assert app.test_cli_runner().invoke(args=["catalog", "load", str(source / "books.csv")]).exit_code == 0
    server = start_server(database_url)
    walks = [walk(server.address, sort, limit=3) for sort in SORTS]
    assert [(found.rows, found.pages) for found in walks] == [(10, 4)] * len(SORTS)


@pytest.mark.parametrize(
    ("there", "back", "words"),
    [
        ([1, 2], [1, 2], "forwards, sort='': 2 books came, 3 stand there"),
        ([1, 2, 2], [1, 2, 3], "forwards, sort='': 1 books came twice"),
        ([1, 2, 3], [1, 2], "back, sort='': 2 books came, 3 stand there"),
        ([1, 2, 3], [1, 3, 2], "no mirror of the way there, first at row 1"),
    ],
)
def test_a_walk_that_does_not_see_each_book_once_fails(monkeypatch, there, back, words):
    first = "/books?limit=100"
    pages = {f"{first}&total=exact": page([], total=3), first: page(there), "/again": page(back)}
    monkeypatch.setattr("benchmarks.walk._page", lambda connection, target: pages[target])
    with pytest.raises(WalkFailed, match=words):
        walk("http://127.0.0.1:1")


def page(ids: list[int], total: int | None = None) -> dict[str, Any]:
    links = {"self": "/again", "next": None, "prev": None}
    return {"data": [{"id": book_id} for book_id in ids], "meta": {"total": total}, "links": links}


@pytest.mark.skipif(not REAL, reason="GUTENBERG is not set")
def test_the_real_catalogue_is_converted_whole(tmp_path):
    counts = convert(Path(REAL), tmp_path)
    assert (counts["rows"], counts["books"], counts["authors"]) == (82_415, 78_766, 26_925)
    authors, books = by_id(tmp_path / "authors.csv"), by_id(tmp_path / "books.csv")
    assert (len(authors), len(books)) == (26_925, 78_766)
    names = {author["name"] for author in authors.values()}
    assert len(names) == 26_925
    assert {name for book in books.values() for name in book["authors"].split(";") if name} <= names
    assert next(iter(authors.values())).keys() == set(AUTHOR_COLUMNS)
    assert next(iter(books.values())).keys() == set(BOOK_COLUMNS)
