"""Layouts of known exports and of our own. To add one, extend `LAYOUTS`."""

from __future__ import annotations

from app.transfer.records import RESOURCES, RecordKind

from .layout import Layout, fold_header, targets_by_header


def _own_layout(kind: RecordKind) -> Layout:
    fields = RESOURCES[kind].fields
    return Layout(f"catalog-{kind}", f"{kind} in our own columns", kind, {fold_header(name): name for name in fields})


OWN_LAYOUTS: dict[RecordKind, Layout] = {"books": _own_layout("books"), "authors": _own_layout("authors")}
# Field names that are common headers in other tables. Any other field name shows that a table is our own export.
COMMON_FIELDS = frozenset(
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
        targets_by_header(
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
        targets_by_header(
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
        targets_by_header(
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
        inverted=True,
    ),
    Layout(
        "bookcrossing",
        "Book-Crossing",
        "books",
        targets_by_header(
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
        inverted=None,
    ),
    Layout(
        "gutenberg",
        "Project Gutenberg's books",
        "books",
        targets_by_header(
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
        inverted=True,
        grouped=True,
    ),
    Layout(
        "gutenberg-catalog",
        "Project Gutenberg's catalog",
        "books",
        targets_by_header(
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
        inverted=True,
    ),
    Layout(
        "gutenberg-authors",
        "Project Gutenberg's authors",
        "authors",
        targets_by_header(
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
        inverted=True,
    ),
    Layout(
        "gutenberg-subjects",
        "Project Gutenberg's subjects",
        "books",
        targets_by_header({"key": "gutenberg id", "heading": "subject", "heading_type": "subject type"}),
        frozenset({"gutenberg id", "subject type", "subject"}),
        source="gutenberg",
        grouped=True,
        adds=True,
        heading_targets={"lcsh": "subjects", "lcc": "identifiers[lcc]"},
    ),
    Layout(
        "calibre",
        "Calibre's catalog",
        "books",
        targets_by_header(
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
                "position_in_series": "series index",
                "subjects[,]": "tags",
                "description": "comments",
            }
        ),
        frozenset({"title", "authors", "author sort", "uuid"}),
        source="calibre",
        people="&",
    ),
)
