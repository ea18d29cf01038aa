"""Open Library dumps."""

from __future__ import annotations

import json

import pytest

from app.transfer.records import PreparedContributor, SourceKey

AUTHOR = {
    "key": "/authors/OL1A",
    "name": "Jörg “Joe” von Garrel\\n",
    "birth_date": "c. 1933",
    "bio": {"type": "/type/text", "value": "One.\r\nTwo."},
    "alternate_names": ["J. Garrel", "J. Garrel"],
    "remote_ids": {"viaf": "25", "wikidata": "Q1"},
}

EDITION = {
    "key": "/books/OL2M",
    "title_prefix": "The ",
    "title": "Tab\tand \\backslash",
    "subtitle": "a life",
    "isbn_13": ["9780441478125"],
    "isbn_10": ["0441478123", "0439023483"],
    "publishers": ["Ace", "Other"],
    "publish_date": "July 2, 1999",
    "languages": [{"key": "/languages/eng"}],
    "number_of_pages": 304,
    "description": "Plain.",
    "series": ["Hainish"],
    "subjects": ["Science fiction"],
    "covers": [-1, 55],
    "authors": [{"key": "/authors/OL1A"}, {"key": "/authors/OL9A"}],
    "contributions": ["Newell, Stephanie, 1968- (Illustrator)", "An Editor (Editor)"],
    "works": [{"key": "/works/OL3W"}],
    "identifiers": {"goodreads": ["18423"], "Amazon ID": ["B01"]},
    "oclc_numbers": ["314"],
    "edition_name": "2nd ed.",
}

WORK = {
    "key": "/works/OL3W",
    "title": "The Work",
    "description": {"type": "/type/text", "value": "Of it."},
    "authors": [
        {"author": {"key": "/authors/OL1A"}, "type": {"key": "/type/author_role"}},
        {"author": "/authors/OL9A"},
    ],
    "subjects": ["A"],
    "subject_places": ["Winter"],
}


def line(document: dict) -> str:
    kind = {"authors": "author", "books": "edition", "works": "work"}[document["key"].split("/")[1]]
    return f"/type/{kind}\t{document['key']}\t1\t2020-04-24T18:09:47\t{json.dumps(document)}\n"


def test_authors_works_and_editions_are_read(read):
    result = read(line(EDITION) + line(AUTHOR) + line(WORK))
    edition, author, work = result.prepared
    assert edition.values == {
        "title": "The Tab and \\backslash",
        "subtitle": "a life",
        "isbn": "9780441478125",
        "published": "1999-07-02",
        "publisher": "Ace",
        "language": "en",
        "page_count": 304,
        "description": "Plain.",
        "series": "Hainish",
        "subjects": ["Science fiction"],
        "cover_url": "https://covers.openlibrary.org/b/id/55-L.jpg",
        "identifiers": {
            "isbn": ["9780439023481"],
            "goodreads": ["18423"],
            "amazon_id": ["B01"],
            "oclc": ["314"],
            "edition": ["2nd ed."],
            "openlibrary_work": ["OL3W"],
            "openlibrary": ["OL2M"],
        },
    }
    assert edition.contributors == [
        PreparedContributor(None, key=SourceKey("openlibrary", "OL1A")),
        PreparedContributor(None, key=SourceKey("openlibrary", "OL9A")),
        PreparedContributor("Stephanie Newell", "illustrator", sort_name="Newell, Stephanie", birth_date="1968"),
        PreparedContributor("An Editor", "editor"),
    ]
    assert (author.kind, author.key) == ("authors", SourceKey("openlibrary", "OL1A"))
    assert author.values == {
        "name": "Jörg “Joe” von Garrel\\n",
        "birth_date": "1933",
        "biography": "One.\nTwo.",
        "alternate_names": ["J. Garrel"],
        "identifiers": {
            "original.birth_date": ["c. 1933"],
            "viaf": ["25"],
            "wikidata": ["Q1"],
            "openlibrary": ["OL1A"],
        },
    }
    assert (work.kind, work.key) == ("books", SourceKey("openlibrary", "OL3W"))
    assert (work.values["description"], work.values["subjects"]) == ("Of it.", ["A", "Winter"])
    assert [contributor.key.value for contributor in work.contributors] == ["OL1A", "OL9A"]


def test_other_types_are_skipped(read):
    result = read(line(WORK) + "/type/redirect\t/authors/OL5A\t2\t2020\t{}\n/type/delete\t/books/OL6M\t2\t2020\t{}\n")
    assert result.counts.reasons == {"redirect": 1, "delete": 1}


@pytest.mark.parametrize(
    "broken",
    [
        "/type/work\t/works/OL5W\t1",
        '/type/work\t/works/OL5W\t1\t2020\t{"title": ',
        "/type/work\t/works/OL5W\t1\t2020\t[]",
    ],
)
def test_lines_around_a_broken_one_are_read(read, broken):
    result = read(line(WORK) + broken + "\n" + line(AUTHOR))
    assert [outcome.number for outcome in result.outcomes] == [1, 2, 3]
    assert [rejected.original for rejected in result.rejected] == [broken]


@pytest.mark.parametrize(
    "value", [None, 5, "x", [], [None], [5], [[]], {}, {"key": 5}, [{"key": None}], [{"author": []}]]
)
@pytest.mark.parametrize("member", [*EDITION, "contributors", "pagination"])
def test_members_of_any_type_raise_nothing(read, member, value):
    result = read(line({**EDITION, member: value, "key": "/books/OL2M"}))
    assert result.counts.read == 1
