"""Fields and the types of their values: parsing, validation, documentation.

A type declares its validation rule (of ``schema``), its JSON Schema, and its filter operators. The SQL of an operator
follows from `FieldType.order`, in ``core.columns.conditions``.
"""

from .base import BIGINT_MAX, EQUALITY, LIKENESS, ORDER, Faults, FieldType, items_of
from .choices import Boolean, Choice
from .collections import Identifiers, Lines
from .dates import PartialDate, Timestamp
from .field import Comparison, Field, Filter, described, fields_of
from .numbers import Id, Number, WholeNumber
from .search_text import SearchText
from .text import Isbn, Language, Line, Paragraphs, Url

__all__ = [
    "BIGINT_MAX",
    "EQUALITY",
    "LIKENESS",
    "ORDER",
    "Boolean",
    "Choice",
    "Comparison",
    "Faults",
    "Field",
    "FieldType",
    "Filter",
    "Id",
    "Identifiers",
    "Isbn",
    "Language",
    "Line",
    "Lines",
    "Number",
    "Paragraphs",
    "PartialDate",
    "SearchText",
    "Timestamp",
    "Url",
    "WholeNumber",
    "described",
    "fields_of",
    "items_of",
]
