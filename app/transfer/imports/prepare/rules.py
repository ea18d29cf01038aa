"""The preparation function of each raw field of a resource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from app.books.contributors.field import Contributors
from app.books.resource import BOOKS
from app.core.fields import (
    Field,
    Identifiers,
    Isbn,
    Language,
    Line,
    Lines,
    Number,
    Paragraphs,
    PartialDate,
    Url,
    WholeNumber,
)
from app.core.resource import Resource

from .builder import RecordBuilder
from .contributors import prepare_contributors, prepare_person
from .lists import prepare_identifiers, prepare_lines
from .values import (
    prepare_date,
    prepare_integer,
    prepare_isbn,
    prepare_language,
    prepare_line,
    prepare_number,
    prepare_paragraphs,
    prepare_series,
    prepare_title,
    prepare_url,
)

_PREPARED_BY: dict[type, Callable[[RecordBuilder, Field, Any], None]] = {
    Line: prepare_line,
    Paragraphs: prepare_paragraphs,
    Isbn: prepare_isbn,
    PartialDate: prepare_date,
    Language: prepare_language,
    WholeNumber: prepare_integer,
    Number: prepare_number,
    Url: prepare_url,
    Lines: prepare_lines,
    Identifiers: prepare_identifiers,
    Contributors: prepare_contributors,
}


class FieldRule(NamedTuple):
    """The function that prepares a raw value, and its field."""

    prepare: Callable[[RecordBuilder, Field, Any], None]
    field: Field


@dataclass(frozen=True)
class ResourceRules:
    """The rules of a resource, by raw field name."""

    fields: dict[str, Field]  # writable fields
    max_line_lengths: dict[str, int]  # in characters; only fields with one line
    by_name: dict[str, FieldRule]


@lru_cache
def rules_of(resource: Resource) -> ResourceRules:
    """Return the rules of a resource."""
    fields = {name: field for name, field in resource.fields.items() if not field.read_only}
    max_line_lengths = {name: field.type.longest for name, field in fields.items() if type(field.type) is Line}
    by_name = {name: FieldRule(_PREPARED_BY[type(field.type)], field) for name, field in fields.items()}
    if resource is BOOKS:
        by_name["title_with_series"] = FieldRule(prepare_title, fields["title"])
        by_name["series_with_position"] = FieldRule(prepare_series, fields["series"])
    else:
        by_name["person"] = FieldRule(prepare_person, fields["name"])
    return ResourceRules(fields, max_line_lengths, by_name)
