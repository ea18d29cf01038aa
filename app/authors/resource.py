"""The resource `authors`: how records are saved, and the filters that are not plain columns."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ColumnElement, FromClause, and_, func, select
from sqlalchemy.orm import Session

from app.core.columns.conditions import like, text_condition
from app.core.columns.search import Search
from app.core.fields import Comparison, Filter, Identifiers, Line
from app.core.records.insert import store_drafts
from app.core.records.redirects import id_filter
from app.core.resource import Draft, Resource
from app.values.person_name import sort_name

from .models import AUTHOR_MERGES, Author, folded_names


def name_condition(table: FromClause, comparisons: dict[str, list[Comparison]]) -> ColumnElement[bool]:
    """Return the condition of `name`: equality is exact; `contains` and `starts` match alternate names too."""
    return and_(*(_name_condition(table, comparison) for comparison in comparisons["name"]))


def _name_condition(table: FromClause, comparison: Comparison) -> ColumnElement[bool]:
    if comparison.operator not in ("contains", "starts"):
        return text_condition(table, "name", comparison)
    before = "%\n" if comparison.operator == "starts" else "%"
    return like(folded_names(table.c.name, table.c.alternate_names), before, comparison.values[0], "%")


class Authors(Resource):
    """The authors of the catalog."""

    name = "authors"
    noun = "author"
    model = Author
    merges = AUTHOR_MERGES
    search = Search()
    search_example = "ursula le guin"
    patch_example: ClassVar[dict[str, Any]] = {"death_date": "2018-01-22", "biography": None}
    further_filters = (
        id_filter(AUTHOR_MERGES, "author", 7),
        Filter(
            "name",
            Line(),
            Line.operators,
            "The name; `contains` and `starts` also match alternate names",
            "Ursula K. Le Guin",
            name_condition,
        ),
        Filter(
            "identifier",
            Identifiers(),
            Identifiers.operators,
            "An identifier in another system, as `scheme:value`",
            "wikidata:Q181659",
        ),
    )

    def lock_before(self, session: Session, record_id: int, body: Any) -> None:
        """Lock the books of an author whose names may change.

        The search words of a book include the names of its authors. A write to a book locks the book, then its
        authors; the same order here prevents deadlocks.
        """
        if isinstance(body, dict) and body.keys() & {"name", "sort_name", "alternate_names"}:
            session.execute(select(func.lock_books_of(record_id)))

    def save(self, session: Session, drafts: list[Draft]) -> None:
        """Add authors to the session, with a derived sort name unless it was given.

        A derived sort name that a client sends back unchanged counts as not given, so that it follows a new name.
        """
        for draft in drafts:
            author, values = draft.record, draft.values
            is_derived = author.name is not None and author.sort_name == sort_name(author.name)
            derives = is_derived
            if "sort_name" in values:
                derives = values["sort_name"] is None or (is_derived and values["sort_name"] == author.sort_name)
            if derives or (author.id is None and values.get("sort_name") is None):
                values["sort_name"] = sort_name(values.get("name", author.name))
        store_drafts(session, self.table, drafts)


AUTHORS = Authors()
