"""The audit as a resource: the members of a change, and the filters by the columns of both tables of history."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, FromClause, Table, and_, literal_column

from app.core.columns.conditions import number_condition
from app.core.fields import (
    BIGINT_MAX,
    EQUALITY,
    Choice,
    Comparison,
    Field,
    FieldType,
    Filter,
    Id,
    Line,
    Timestamp,
    WholeNumber,
)
from app.core.resource import Resource
from app.features.history.tables import CHANGES, OPS, RESOURCES, VIAS
from app.http.headers.change_note import LONGEST
from app.values import cell
from app.values.json_value import Json

Build = Callable[[FromClause, dict[str, list[Comparison]]], ColumnElement[bool]]


class Names(FieldType):
    """The names of fields."""

    empty: ClassVar[Json] = []

    def cell(self, value: Json) -> str:
        return cell.join(value)

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "array", "uniqueItems": True, "items": {"type": "string"}}


class JsonObject(FieldType):
    """An object, which is JSON in a cell of CSV."""

    empty: ClassVar[Json] = {}

    def cell(self, value: Json) -> str:
        return json.dumps(value, ensure_ascii=False) if value else ""

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        return {"type": "object"}


class AccountName(JsonObject):
    """The id and the name of an account."""

    empty = None

    def json_schema(self, *, sent: bool) -> dict[str, Any]:
        members = {"id": Id().json_schema(sent=sent), "name": {"type": ["string", "null"]}}
        return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def compared(sql: str) -> Build:
    """Return how a filter compares a column for equality. `sql` is the column, with the alias of its table."""
    column: ColumnElement[Any] = literal_column(sql)

    def condition(comparison: Comparison) -> ColumnElement[bool]:
        match comparison.operator:
            case "ne":
                return column.is_distinct_from(comparison.values[0])
            case "null":
                return column.is_(None) if comparison.values[0] else column.is_not(None)
        return column.in_(comparison.values)

    return lambda _, by_name: and_(*(condition(each) for comparisons in by_name.values() for each in comparisons))


def at_condition(_: FromClause, by_name: dict[str, list[Comparison]]) -> ColumnElement[bool]:
    """Return the condition of `at`."""
    return and_(*(number_condition(literal_column("r.at"), comparison) for comparison in by_name["at"]))


FIELDS = (
    Field(Id(), "The position: later changes have higher ones, and some are unused", 4711, name="position"),
    Field(Timestamp(), "When the change was made, before its commit", "2026-01-31T12:00:00Z", name="at"),
    Field(Choice(*OPS), "The kind of change", "updated", name="op"),
    Field(Choice(*RESOURCES), "The kind of record", "books", name="resource"),
    Field(WholeNumber(0, BIGINT_MAX), "The record's id; 0 for migrations", 17, name="id"),
    Field(Names(), "The changed fields", ["title"], name="changed"),
    Field(JsonObject(), "The changed fields as they were; of a deletion, all fields", {"title": "Emm"}, name="before"),
    Field(JsonObject(), "The changed fields as they became", {"title": "Emma"}, name="after"),
    Field(AccountName(), "The account of the request", {"id": 3, "name": "Ann"}, name="by"),
    Field(Choice(*VIAS), "How it was made", "api", name="via"),
    Field(Line(128), "The id of the request", "9f1c2a", name="request_id"),
    Field(Line(LONGEST), "Why: the header X-Change-Note", "A misprint", name="note"),
)
NULLABLE = ("by", "request_id", "note")
FILTERS = (
    Filter("account_id", Id(), (*EQUALITY, "null"), "The account that made the change", 3, compared("r.account_id")),
    Filter("resource", Choice(*RESOURCES), EQUALITY, "The kind of record", "accounts", compared("c.resource")),
    Filter("op", Choice(*OPS), EQUALITY, "The kind of change", "deleted", compared("c.op")),
    Filter("via", Choice(*VIAS), EQUALITY, "How the change was made", "api", compared("r.via")),
    Filter("at", Timestamp(), Timestamp.operators, "When the change was made", "2026-01-31T12:00:00Z", at_condition),
)


class Audit(Resource):
    """The recorded changes, with the tables ``changes`` as c and ``revisions`` as r."""

    name = "audit"
    noun = "change"
    parameters = ("limit", "cursor", "fields", "format")  # in one order, and without a count of millions
    further_filters = FILTERS

    @cached_property
    def table(self) -> Table:
        return CHANGES

    @cached_property
    def fields(self) -> dict[str, Field]:
        return {field.name: replace(field, nullable=field.name in NULLABLE, read_only=True) for field in FIELDS}


AUDIT = Audit()
