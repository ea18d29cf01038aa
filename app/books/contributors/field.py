"""The field `authors` of a book: its type, and the SQL of its JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, FromClause, func, literal_column, select

from app.authors.models import Author
from app.books.models import ROLES, Contribution
from app.core.fields import Choice, Faults, FieldType, Id, Line, items_of
from app.http.problems import MOST_ERRORS, unknown_name
from app.values import cell
from app.values.json_value import Json, escape, json_type

from .text import format_contributor

MOST_CONTRIBUTORS = 200  # contributors of a book
MEMBERS = ("id", "name", "role", "credited_as")


@dataclass(frozen=True)
class ContributorItem:
    """An item of `authors` in a body: an author's `id`, or a `name`.

    A name links the author of that name, and creates one if there is none.
    """

    id: int | None
    name: str | None
    role: str
    credited_as: str | None


class Contributors(FieldType):
    """The ordered list of a book's contributors."""

    operators = ()
    empty: ClassVar[Json] = []
    id, name, role, credited_as = Id(), Line(), Choice(*ROLES), Line()

    def read(self, value: Json, pointer: str, faults: Faults) -> list[ContributorItem]:
        contributors: list[ContributorItem] = []
        first_index: dict[tuple[Any, str], int] = {}
        for index, item_pointer, item in items_of(value, MOST_CONTRIBUTORS, pointer, faults):
            contributor = self._read_item(item, item_pointer, faults)
            if contributor is None:
                continue
            key = (contributor.id or contributor.name, contributor.role)
            if key in first_index:
                detail = (
                    f"The item at index {first_index[key]} is the same author in the same role. Remove one of them."
                )
                faults.add(item_pointer, "duplicate", detail)
            first_index.setdefault(key, index)
            contributors.append(contributor)
        return contributors

    def _read_item(self, item: Json, pointer: str, faults: Faults) -> ContributorItem | None:
        if not isinstance(item, dict):
            faults.add(pointer, "type", f"This must be an object with an id or a name, not {json_type(item)}.")
            return None
        faults_before = len(faults)
        for member in item:
            if faults.is_full:
                break
            if member not in MEMBERS:
                is_shown = len(faults) < MOST_ERRORS
                detail = unknown_name(member, MEMBERS, "member") if is_shown else "There is no such member."
                faults.add(f"{pointer}/{escape(member)}", "unknown", detail)
        author_id = name = credited_as = None
        role = ROLES[0]
        if item.get("id") is not None:
            author_id = self.id.read(item["id"], f"{pointer}/id", faults)
        elif item.get("name") is not None:
            name = self.name.read(item["name"], f"{pointer}/name", faults)
        else:
            faults.add(pointer, "required", "A contributor needs an id or a name of an author.")
        if item.get("role") is not None:
            role = self.role.read(item["role"], f"{pointer}/role", faults)
        if item.get("credited_as") is not None:
            credited_as = self.credited_as.read(item["credited_as"], f"{pointer}/credited_as", faults)
        return ContributorItem(author_id, name, role, credited_as) if len(faults) == faults_before else None

    def cell(self, value: Json) -> str:
        return cell.join([format_contributor(item["name"], item["role"], item["credited_as"]) for item in value])

    def received_example(self, example: Json) -> Json:
        return [{"id": 7, "credited_as": None, **contributor} for contributor in example]

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        def member(type_: FieldType, *, nullable: bool) -> dict[str, Any]:
            schema = type_.json_schema(sent=sent)
            if not nullable:
                return schema
            if "enum" in schema:
                return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
            return {**schema, "type": [schema["type"], "null"]}

        members = {
            "id": member(self.id, nullable=False),
            "name": member(self.name, nullable=False),
            "role": member(self.role, nullable=sent),
            "credited_as": member(self.credited_as, nullable=True),
        }
        item = {"type": "object", "additionalProperties": False, "properties": members}
        if sent:
            by_id = {
                **members,
                "name": {"description": "Ignored if there is an id, so that a book that was read can be sent back"},
            }
            # Only null is allowed. It is written like this because code generators leave out a member of type null.
            by_name = {**members, "id": {"type": ["integer", "null"], "not": {"type": "integer"}}}
            item = {
                "anyOf": [
                    {**item, "properties": by_id, "required": ["id"]},
                    {**item, "properties": by_name, "required": ["name"]},
                ]
            }
        else:
            item["required"] = list(members)
        return {"type": "array", "maxItems": MOST_CONTRIBUTORS, "items": item}


def contributors_json(books: FromClause) -> ColumnElement[Any]:
    """Return the SQL of a book's `authors` as JSON, in their order."""
    authors, contributions = Author.__table__, Contribution.__table__
    contributor = (
        select(authors.c.id, authors.c.name, contributions.c.role, contributions.c.credited_as)
        .join_from(contributions, authors, authors.c.id == contributions.c.author_id)
        .where(contributions.c.book_id == books.c.id)
        .correlate(books)
        .order_by(contributions.c.position)
        .subquery("contributor")
    )
    rows = select(literal_column("contributor")).select_from(contributor).scalar_subquery()
    return func.array_to_json(func.array(rows))  # more compact than json_agg, and not NULL if there are none
