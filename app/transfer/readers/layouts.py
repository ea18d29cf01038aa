"""Layouts: which columns the exports have that people bring, and what becomes of each.

A column's target is a field of ours, or one of these: ``key`` (the row's id in its source), ``authors[role]``,
``identifiers[scheme]``, ``subjects[,]`` (subjects with commas between them), ``author_key`` (the id of the author of
the same row), ``given_name`` and ``family_name`` (of the author), ``title_with_series``, ``series_with_place``,
``place_in_series`` (nothing where there is no series), ``imprint`` (a publisher with place and year).
Adding a layout is an item of `LAYOUTS`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from app.transfer.records import RESOURCES, Kind


@dataclass(frozen=True)
class Layout:
    """How one kind of spreadsheet is laid out.

    It is known by the columns `marks`. `columns` has the targets by folded header, the preferred before others of the
    same target. `source` is the scheme of its ids. `people` separates names in a cell (None: it is guessed), `filed`
    says that they stand family name first. Rows of one `key` that follow each other are
    one record if `grouped`. `adds`: see `Prepared`.
    """

    name: str
    label: str
    kind: Kind
    columns: dict[str, str]
    marks: frozenset[str] = frozenset()
    source: str = ""
    people: str | None = ";"
    filed: bool | None = False
    grouped: bool = False
    adds: bool = False
    inner: dict[str, str] = field(default_factory=dict)


def folded(header: str) -> str:
    """A header without case, accents and punctuation: "Book-Title" and "book_title" are one."""
    letters = (letter for letter in unicodedata.normalize("NFKD", header.lower()) if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", " ", "".join(letters)).strip()


def columns(targets: dict[str, str]) -> dict[str, str]:
    """Targets by folded header, from headers by target; the headers have commas between them."""
    return {folded(name): target for target, names in targets.items() for name in names.split(",")}


def _own(kind: Kind) -> Layout:
    fields = RESOURCES[kind].fields
    return Layout(f"catalog-{kind}", f"{kind} in our own columns", kind, {folded(name): name for name in fields})


OURS: dict[Kind, Layout] = {"books": _own("books"), "authors": _own("authors")}
# Names of fields that many give their columns; others, such as `page_count`, show that a table is our own.
COMMON = frozenset(
    {
        *("title", "subtitle", "authors", "isbn", "publisher", "language", "description", "series", "subjects"),
        *("name", "biography"),
    }
)

LAYOUTS = (
    Layout(
        "goodreads",
        "Goodreads export",
        "books",
        columns(
            {
                "key": "book id",
                "title_with_series": "title",
                "authors": "author",
                "further_authors": "additional authors",
                "isbn": "isbn, isbn13",
                "publisher": "publisher",
                "page_count": "number of pages",
                "published": "year published, original publication year",
            }
        ),
        frozenset({"book id", "title", "author l f", "exclusive shelf"}),
        source="goodreads",
        people=",",
    ),
    Layout(
        "goodbooks",
        "goodbooks-10k",
        "books",
        columns(
            {
                "key": "goodreads book id",
                "identifiers[goodreads_work]": "work id",
                "title_with_series": "title",
                "authors": "authors",
                "isbn": "isbn, isbn13",
                "published": "original publication year",
                "language": "language code",
                "cover_url": "image url",
            }
        ),
        frozenset({"goodreads book id", "work text reviews count", "title", "authors"}),
        source="goodreads",
        people=",",
    ),
    Layout(
        "librarything",
        "LibraryThing export",
        "books",
        columns(
            {
                "key": "book id",
                "title": "title",
                "authors": "primary author",
                "role": "primary author role",
                "further_authors": "secondary author",
                "further_roles": "secondary author roles",
                "imprint": "publication",
                "published": "date",
                "page_count": "page count",
                "language": "languages",
                "isbn": "isbn, isbns",
                "subjects[,]": "subjects, tags",
                "identifiers[lcc]": "lc classification",
                "identifiers[ddc]": "dewey decimal",
                "identifiers[lccn]": "lccn",
                "identifiers[oclc]": "oclc",
                "identifiers[librarything_work]": "work id",
            }
        ),
        frozenset({"book id", "primary author", "secondary author", "work id"}),
        source="librarything",
        people=None,
        filed=True,
    ),
    Layout(
        "bookcrossing",
        "Book-Crossing",
        "books",
        columns(
            {
                "isbn": "isbn",
                "title": "book title",
                "authors": "book author",
                "published": "year of publication",
                "publisher": "publisher",
                "cover_url": "image url l, image url m, image url s",
            }
        ),
        frozenset({"isbn", "book title", "book author", "year of publication"}),
        source="bookcrossing",
        people=None,
        filed=None,
    ),
    Layout(
        "gutenberg",
        "Project Gutenberg's books",
        "books",
        columns(
            {
                "key": "gutenberg id",
                "title": "title",
                "authors": "author",
                "author_key": "gutenberg author id",
                "language": "language",
            }
        ),
        frozenset({"gutenberg id", "title", "author", "gutenberg author id"}),
        source="gutenberg",
        people=None,
        filed=True,
        grouped=True,
    ),
    Layout(
        "gutenberg-catalog",
        "Project Gutenberg's catalog",
        "books",
        columns(
            {
                "key": "text#",
                "title": "title",
                "authors": "authors",
                "language": "language",
                "subjects": "subjects",
                "identifiers[lcc]": "locc",
            }
        ),
        frozenset({"text", "issued", "title", "authors", "locc"}),
        source="gutenberg",
        filed=True,
    ),
    Layout(
        "gutenberg-authors",
        "Project Gutenberg's authors",
        "authors",
        columns(
            {
                "key": "gutenberg author id",
                "name": "author",
                "birth_date": "birthdate",
                "death_date": "deathdate",
                "alternate_names": "alias, aliases",
                "identifiers[wikipedia]": "wikipedia",
            }
        ),
        frozenset({"gutenberg author id", "author", "birthdate", "deathdate"}),
        source="gutenberg",
        people="/",
        filed=True,
    ),
    Layout(
        "gutenberg-subjects",
        "Project Gutenberg's subjects",
        "books",
        columns({"key": "gutenberg id", "heading": "subject", "heading_type": "subject type"}),
        frozenset({"gutenberg id", "subject type", "subject"}),
        source="gutenberg",
        grouped=True,
        adds=True,
        inner={"lcsh": "subjects", "lcc": "identifiers[lcc]"},
    ),
    Layout(
        "calibre",
        "Calibre's catalog",
        "books",
        columns(
            {
                "key": "uuid",
                "title": "title",
                "authors": "authors",
                "isbn": "isbn",
                "identifiers": "identifiers",
                "language": "languages",
                "published": "pubdate",
                "publisher": "publisher",
                "series": "series",
                "place_in_series": "series index",
                "subjects[,]": "tags",
                "description": "comments",
            }
        ),
        frozenset({"title", "authors", "author sort", "uuid"}),
        source="calibre",
        people="&",
    ),
)
