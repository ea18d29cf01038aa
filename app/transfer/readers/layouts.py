"""Layouts: which columns the spreadsheets and exports have that people bring, and what becomes of each.

A column's target is a field of ours, or one of these: ``key`` (the row's id in its source), ``authors[role]``,
``identifiers[scheme]``, ``author_key`` and ``sort_name`` (of the authors of the same row), ``title_with_series``.
Adding a layout is an item of `LAYOUTS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from app.authors.schemas import AUTHORS
from app.books.models import ROLES
from app.books.schemas import BOOKS
from app.transfer.records import Kind


@dataclass(frozen=True)
class Layout:
    """How one kind of spreadsheet is laid out.

    It is known by the columns `marks`. `columns` has the targets by folded header, the preferred before others of the
    same target. `source` is the scheme of its ids. `people` separates names in a cell (None: it is guessed), `filed`
    says that they stand family name first, `subjects` separates subjects. Rows of one `key` that follow each other are
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
    subjects: str = ";"
    grouped: bool = False
    adds: bool = False
    inner: dict[str, str] = field(default_factory=dict)


def folded(header: str) -> str:
    """A header without case and punctuation, so that "Book-Title", "book_title" and "Book Title" are one."""
    return re.sub(r"[\W_]+", " ", header).strip().lower()


def _columns(**targets: str) -> dict[str, str]:
    """Targets by header, from headers by target: names are separated by commas, ``__`` stands for brackets."""
    return {
        name: re.sub(r"^(\w+?)__(\w+)$", r"\1[\2]", target)
        for target, names in targets.items()
        for name in map(str.strip, names.split(","))
    }


def _own(resource: object, kind: Kind) -> Layout:
    fields = {"books": BOOKS, "authors": AUTHORS}[kind].fields
    columns = {folded(name): name for name in fields}
    marks = frozenset(folded(name) for name, one in fields.items() if one.required)
    return Layout(f"catalog-{kind}", f"{kind} in our own columns", kind, columns, marks)


OURS = {"books": _own(BOOKS, "books"), "authors": _own(AUTHORS, "authors")}

LAYOUTS = (
    Layout(
        "goodreads",
        "Goodreads export",
        "books",
        _columns(
            key="book id",
            title_with_series="title",
            authors="author",
            sort_name="author l f",
            further_authors="additional authors",
            isbn="isbn, isbn13",
            publisher="publisher",
            page_count="number of pages",
            published="year published, original publication year",
        ),
        frozenset({"book id", "title", "author l f", "exclusive shelf"}),
        source="goodreads",
        people=",",
    ),
    Layout(
        "goodbooks",
        "goodbooks-10k",
        "books",
        _columns(
            key="goodreads book id",
            identifiers__goodreads_work="work id",
            title_with_series="title",
            authors="authors",
            isbn="isbn, isbn13",
            published="original publication year",
            language="language code",
            cover_url="image url",
        ),
        frozenset({"goodreads book id", "work text reviews count", "title", "authors"}),
        source="goodreads",
        people=",",
    ),
    Layout(
        "librarything",
        "LibraryThing export",
        "books",
        _columns(
            key="book id",
            title="title",
            authors="primary author",
            role="primary author role",
            further_authors="secondary author",
            further_roles="secondary author roles",
            publisher="publication",
            published="date",
            description="summary",
            page_count="page count",
            language="languages",
            isbn="isbn, isbns",
            subjects="subjects, tags",
            identifiers__lccn="lccn",
            identifiers__oclc="oclc",
            identifiers__librarything_work="work id",
        ),
        frozenset({"book id", "primary author", "secondary author", "work id"}),
        source="librarything",
        people="|",
        filed=True,
        subjects=",",
    ),
    Layout(
        "bookcrossing",
        "Book-Crossing",
        "books",
        _columns(
            isbn="isbn",
            title="book title",
            authors="book author",
            published="year of publication",
            publisher="publisher",
            cover_url="image url l, image url m, image url s",
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
        _columns(
            key="gutenberg id",
            title="title",
            authors="author",
            author_key="gutenberg author id",
            language="language",
        ),
        frozenset({"gutenberg id", "title", "author", "gutenberg author id"}),
        source="gutenberg",
        people=None,
        filed=True,
        grouped=True,
    ),
    Layout(
        "gutenberg-authors",
        "Project Gutenberg's authors",
        "authors",
        _columns(
            key="gutenberg author id",
            name="author",
            birth_date="birthdate",
            death_date="deathdate",
            alternate_names="alias, aliases",
            identifiers__wikipedia="wikipedia",
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
        _columns(key="gutenberg id", heading="subject", heading_type="subject type"),
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
        _columns(
            key="uuid",
            title="title",
            authors="authors",
            isbn="isbn",
            identifiers="identifiers",
            language="languages",
            published="pubdate",
            publisher="publisher",
            series="series",
            series_position="series index",
            subjects="tags",
            description="comments",
        ),
        frozenset({"title", "authors", "author sort", "uuid"}),
        source="calibre",
        people="&",
        subjects=",",
    ),
)

# Headers of any other spreadsheet, the preferred before others of the same target.
_PLAIN = _columns(
    title="title, book title, book name, name of book, full title, titel, buchtitel, titre, título, titulo, titolo, "
    "название",
    subtitle="subtitle, sub title, untertitel, sous titre, subtítulo",
    authors="authors, author, book author, author name, author names, author s, writer, writers, creator, creators, "
    "by, autor, autoren, verfasser, auteur, auteurs, autore, autores, автор",
    isbn="isbn, isbn13, isbn 13, isbn10, isbn 10, isbns, ean, ean13, gtin",
    published="published, publication date, date published, published date, publication year, year published, year of "
    "publication, published year, publish date, pub date, pubdate, pub year, year, date, first published, release "
    "date, jahr, erscheinungsjahr, année, año, anno",
    publisher="publisher, publishers, verlag, éditeur, editorial, editore, imprint",
    language="language, languages, language code, lang, sprache, langue, idioma, lingua",
    page_count="page count, pages, number of pages, num pages, no of pages, pagecount, seiten, seitenzahl, páginas",
    description="description, summary, synopsis, blurb, abstract, beschreibung, résumé, descripción",
    series="series, series title, series name, reihe, collection",
    series_position="series position, series index, series number, volume, volume number, band",
    subjects="subjects, subject, tags, genres, genre, categories, category, keywords, shelves, topics",
    cover_url="cover url, cover, image url, cover image, image, thumbnail, coverimg",
    identifiers="identifiers",
    **{f"authors__{role}": f"{role}, {role}s" for role in ROLES if role != "author"},
)
PLAIN: dict[Kind, Layout] = {
    "books": Layout("books", "books", "books", _PLAIN, people=None, filed=None),
    "authors": Layout(
        "authors",
        "authors",
        "authors",
        _columns(
            name="name, author, author name, full name",
            sort_name="sort name, author sort, file as",
            alternate_names="alternate names, aliases, alias, other names, also known as, aka, pseudonyms",
            birth_date="birth date, birthdate, born, date of birth, birth year, birthday, dob",
            death_date="death date, deathdate, died, date of death, death year, dod",
            biography="biography, bio, about, description",
            identifiers="identifiers",
        ),
        filed=None,
    ),
}
