"""The resource `authors`: how its records are written, and the filters that are more than a column."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, func, select
from sqlalchemy.orm import Session

from app import conditions, insertion
from app.fields import Asked, Filter
from app.resource import Draft, Resource
from app.search import Search
from app.survivors import id_filter
from app.values import person_name
from app.vocabulary import Identifiers, Line

from .models import AUTHOR_MERGES, Author, names_of


def save(session: Session, drafts: list[Draft]) -> None:
    """Bring authors into the session; a sort name that was not given follows the name.

    One that was read and is sent back unchanged was not given, if it was made from the name before.
    """
    for draft in drafts:
        author, values = draft.record, draft.values
        made = author.name is not None and author.sort_name == person_name.sort_name(author.name)
        follows = made
        if "sort_name" in values:
            follows = values["sort_name"] is None or (made and values["sort_name"] == author.sort_name)
        if follows or (author.id is None and values.get("sort_name") is None):
            values["sort_name"] = person_name.sort_name(values.get("name", author.name))
    insertion.store(session, AUTHORS.table, drafts)


def lock_books(session: Session, author_id: int, document: Any) -> None:
    """Lock the books of an author whose names may change, since they are found by these. A write to a book locks the
    book and then its authors; in the same order the two never wait for each other.
    """
    if isinstance(document, dict) and document.keys() & {"name", "sort_name", "alternate_names"}:
        session.execute(select(func.lock_books_of(author_id)))


def by_name(table: FromClause, asked: dict[str, list[Asked]]) -> ColumnElement[bool]:
    """`name`: exact where it asks for equality; `contains` and `starts` look at the alternate names too."""
    return and_(*(_by_name(table, one) for one in asked["name"]))


def _by_name(table: FromClause, asked: Asked) -> ColumnElement[bool]:
    if asked.operator not in ("contains", "starts"):
        return conditions.text(table, "name", asked)
    before = "%\n" if asked.operator == "starts" else "%"
    return conditions.like(names_of(table.c.name, table.c.alternate_names), before, asked.values[0], "%")


AUTHORS: Resource = Resource(
    name="authors",
    noun="author",
    model=Author,
    save=save,
    lock_first=lock_books,
    search=Search(),
    search_example="ursula le guin",
    patch_example={"death_date": "2018-01-22", "biography": None},
    merges=AUTHOR_MERGES,
    further_filters=(
        id_filter(AUTHOR_MERGES, "author", 7),
        Filter(
            "name",
            Line(),
            Line.operators,
            "The name; `contains` and `starts` also look at alternate names",
            "Ursula K. Le Guin",
            by_name,
        ),
        Filter(
            "identifier", Identifiers(), Identifiers.operators, "An id elsewhere, as `scheme:value`", "wikidata:Q181659"
        ),
    ),
)
