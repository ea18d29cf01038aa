"""The kinds of values that fields hold: how each is read from JSON and from a query, and how it is documented.

A kind says three things, each once: its rule (of ``schema``), its JSON Schema facets, and the filter
operators it takes. What it means in SQL follows from `order` and the operator, in ``conditions``.
"""

from .collections import Identifiers, Lines
from .kind import (
    BIGINT_MAX,
    EQUALITY,
    LIKENESS,
    ORDER,
    SHORT,
    Faults,
    Json,
    Kind,
    escape,
    items_of,
    json_type,
)
from .numbers import Id, Integer, Number
from .questions import NUMBER, SearchText
from .texts import Choice, Isbn, Language, Line, Paragraphs, Url
from .times import PartialDate, Timestamp

__all__ = [
    "BIGINT_MAX",
    "EQUALITY",
    "LIKENESS",
    "NUMBER",
    "ORDER",
    "SHORT",
    "Choice",
    "Faults",
    "Id",
    "Identifiers",
    "Integer",
    "Isbn",
    "Json",
    "Kind",
    "Language",
    "Line",
    "Lines",
    "Number",
    "Paragraphs",
    "PartialDate",
    "SearchText",
    "Timestamp",
    "Url",
    "escape",
    "items_of",
    "json_type",
]
