"""The resource `books`: how it is saved, and its filters beyond columns."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ColumnElement, FromClause, Text, cast, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.core.columns.search import Search
from app.core.fields import EQUALITY, Choice, Faults, Field, Filter, Id, Identifiers, Line
from app.core.records.insert import insert_rows, store_drafts
from app.core.records.redirects import id_filter
from app.core.resource import Draft, Resource
from app.http.problems import Conflict, ContentTooLarge
from app.http.urls import link

from .contributors.field import Contributors, contributors_json
from .contributors.filters import contribution_condition
from .contributors.resolve import create_missing_authors, resolve_authors
from .contributors.store import CONTRIBUTOR_NAMES, contributor_names_members, missing_rows
from .models import BOOK_MERGES, ROLES, Book, Contribution
from .stale_search import STALE_BOOKS  # noqa: F401 - its tables are part of the schema

MOST_CONTRIBUTORS_OF_BATCH = 10_000  # as many as are stored well within the time of a request


def isbn_condition(books: FromClause, isbn: Any) -> ColumnElement[bool]:
    """Return the condition of a book with an ISBN (13 digits), in `isbn` or in `identifiers`."""
    return or_(books.c.isbn == cast(isbn, Text), has_among_identifiers(books, cast(isbn, Text)))


def has_among_identifiers(books: FromClause, isbn: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition of a book that has an ISBN among its identifiers."""
    document = func.jsonb_build_object(literal_column("'isbn'", Text), func.jsonb_build_array(isbn), type_=JSONB)
    return books.c.identifiers.contains(document)


AUTHORS_FIELD = Field(
    Contributors(),
    "The contributors, in the order of the title page. Send the author's `id` or `name`; a name in any spelling links "
    "the only author of that name, or creates one",
    [{"name": "Ursula K. Le Guin", "role": "author"}],
    nullable=False,
    name="authors",
    expression=contributors_json,
)


class Books(Resource):
    """The books of the catalog."""

    name = "books"
    noun = "book"
    model = Book
    merges = BOOK_MERGES
    search = Search(isbn_condition)
    search_example = "le guin left hand"
    patch_example: ClassVar[dict[str, Any]] = {"page_count": 320, "subtitle": None}
    further_fields = ((AUTHORS_FIELD, "identifiers"),)
    further_filters = (
        id_filter(BOOK_MERGES, "book", 42),
        Filter(
            "identifier",
            Identifiers(),
            EQUALITY,
            "An identifier in another system, as `scheme:value`",
            "openlibrary:OL7353617M",
        ),
        Filter("author_id", Id(), (*Id.operators, "null"), "The id of a contributor", 7, contribution_condition),
        Filter(
            "author",
            Line(),
            Line.operators,
            "A contributor's name, alternate name or credited name; case and accents do not matter, and `=` matches "
            "the whole name in any spelling",
            "ursula k. le guin",
            contribution_condition,
        ),
        Filter("role", Choice(*ROLES), EQUALITY, "The role of a contributor", "translator", contribution_condition),
    )

    def refuse_large_batch(self, documents: list[Any]) -> None:
        """Raise `ContentTooLarge` if a batch has too many contributors."""
        lists = [document.get("authors") for document in documents if isinstance(document, dict)]
        count = sum(len(contributors) for contributors in lists if isinstance(contributors, list))
        if count > MOST_CONTRIBUTORS_OF_BATCH:
            raise ContentTooLarge(
                f"The batch has {count:,} contributors; send at most {MOST_CONTRIBUTORS_OF_BATCH:,} in one request."
            )

    def resolve_references(self, session: Session, drafts: list[Draft], faults: Faults) -> None:
        """Look up the authors that books refer to."""
        resolve_authors(session, drafts, faults)

    def save(self, session: Session, drafts: list[Draft]) -> None:
        """Add books and their contributors to the session. Raises `Conflict` for taken ISBNs."""
        refuse_taken_isbns(session, drafts)
        stored = {draft.record.id for draft in drafts} - {None}
        create_missing_authors(session, drafts)
        store_drafts(session, self.table, drafts, ("authors",), CONTRIBUTOR_NAMES, contributor_names_members)
        session.flush()
        rows: list[dict[str, Any]] = []
        for draft in drafts:
            if "authors" in draft.values:
                rows += missing_rows(session, draft, is_new=draft.record.id not in stored)
        insert_rows(session, Contribution.__table__, rows)


def refuse_taken_isbns(session: Session, drafts: list[Draft]) -> None:
    """Raise `Conflict` if another book, stored or in the batch, has the ISBN."""
    faults = Faults()
    first: dict[str, Draft] = {}
    for draft in drafts:
        isbn = draft.values.get("isbn")
        if isbn in first:
            other = first[isbn].pointer.removeprefix("/")
            faults.add(
                f"{draft.pointer}/isbn", "taken", f"The book at index {other} of this batch has the ISBN {isbn} too."
            )
        elif isbn:
            first[isbn] = draft
    if not first:
        return
    own = [draft.record.id for draft in first.values() if draft.record.id]
    taken = select(Book.isbn, Book.id).where(Book.isbn.in_(first), Book.id.not_in(own)).order_by(Book.id)
    links = []
    for isbn, book_id in session.execute(taken):
        assert isbn is not None
        url = link(f"/books/{book_id}")
        faults.add(
            f"{first[isbn].pointer}/isbn",
            "taken",
            f"The ISBN {isbn} is taken by book {book_id}: {url}. Change that book, or correct the ISBN.",
        )
        links.append(f'<{url}>; rel="related"')
    if faults:
        faults.sort(key=lambda fault: int(fault.name.split("/")[1]) if fault.name.count("/") > 1 else 0)
        raise Conflict(faults[0].detail, faults, [("Link", ", ".join(links))] if links else ())


BOOKS = Books()
