"""The resource `books`: how its records are written, and the filters that are more than a column."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, cast, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app import insertion
from app.fields import Field, Filter
from app.problems import Conflict
from app.resource import Draft, Resource
from app.search import Search
from app.survivors import id_filter
from app.vocabulary import EQUALITY, Choice, Faults, Id, Identifiers, Line

from . import contributors
from .contributions import of_contributions
from .models import BOOK_MERGES, ROLES, Book, Contribution


def save(session: Session, drafts: list[Draft]) -> None:
    """Bring books and their contributors into the session. Raises `Conflict` for an ISBN that is taken."""
    refuse_taken(session, drafts)
    stored = {draft.record.id for draft in drafts} - {None}
    contributors.make_missing_authors(session, drafts)
    insertion.store(session, BOOKS.table, drafts, ("authors",), contributors.NAMES_OF_NEW, contributors.members_of_new)
    session.flush()
    rows: list[dict[str, Any]] = []
    for draft in drafts:
        if "authors" in draft.values:
            rows += contributors.rows_to_insert(session, draft, new=draft.record.id not in stored)
    insertion.insert(session, Contribution.__table__, rows)


def refuse_taken(session: Session, drafts: list[Draft]) -> None:
    """Raise `Conflict` where a book would bear the ISBN of another one, stored or of the same batch."""
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
        faults.add(
            f"{first[isbn].pointer}/isbn", "taken", f"The ISBN {isbn} is taken by book {book_id}: /books/{book_id}."
        )
        links.append(f'</books/{book_id}>; rel="related"')
    if faults:
        faults.sort(key=lambda fault: int(fault.name.split("/")[1]) if fault.name.count("/") > 1 else 0)
        raise Conflict(faults[0].detail, faults, [("Link", ", ".join(links))] if links else ())


def bears(books: FromClause, isbn: Any) -> ColumnElement[bool]:
    """The condition of a book that bears an ISBN (13 digits): as its own, or among its identifiers."""
    return or_(books.c.isbn == cast(isbn, Text), has_among_identifiers(books, cast(isbn, Text)))


def has_among_identifiers(books: FromClause, isbn: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition of a book that bears an ISBN among its identifiers."""
    wanted = func.jsonb_build_object(literal_column("'isbn'", Text), func.jsonb_build_array(isbn), type_=JSONB)
    return books.c.identifiers.contains(wanted)


AUTHORS_FIELD = Field(
    contributors.Contributors(),
    "Who contributed, in the order of the title page; an author is named by `id`, or by `name`, which links the one "
    "author of that name, however it is written, or makes one",
    [{"name": "Ursula K. Le Guin", "role": "author"}],
    nullable=False,
    name="authors",
    expression=contributors.as_json,
)

BOOKS: Resource = Resource(
    name="books",
    noun="book",
    model=Book,
    save=save,
    refer=contributors.refer,
    search=Search(bears),
    patch_example={"page_count": 320, "subtitle": None},
    search_example="le guin left hand",
    further_fields=((AUTHORS_FIELD, "identifiers"),),
    merges=BOOK_MERGES,
    further_filters=(
        id_filter(BOOK_MERGES, "book", 42),
        Filter("identifier", Identifiers(), EQUALITY, "An id elsewhere, as `scheme:value`", "openlibrary:OL7353617M"),
        Filter("author_id", Id(), (*Id.operators, "null"), "The id of a contributor", 7, of_contributions),
        Filter(
            "author",
            Line(),
            Line.operators,
            "A contributor's name, alternate name or credited name, without case and accents; `=` is the whole name, "
            "however it is written",
            "ursula k. le guin",
            of_contributions,
        ),
        Filter("role", Choice(*ROLES), EQUALITY, "The role of a contributor", "translator", of_contributions),
    ),
)
