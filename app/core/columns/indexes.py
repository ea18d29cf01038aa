"""The indexes that filters and sorts need, for each type of column."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Index, Integer, column, func
from sqlalchemy.types import TypeEngine

from .expressions import fold, number_key, text_key


def text_indexes(table: str, *names: str) -> list[Index]:
    """Return indexes for equality, prefixes (by sort key) and substrings (by trigrams)."""
    keys = [Index(f"ix_{table}_{name}_key", text_key(column(name))) for name in names]
    return keys + [trigram_index(table, name) for name in names]


def sorted_text_indexes(table: str, *names: str) -> list[Index]:
    """Return the `text_indexes` of columns with a stored sort key, which also serve sorting."""
    keys = [Index(f"ix_{table}_{name}_key", column(f"{name}_key"), column("id")) for name in names]
    return keys + [trigram_index(table, name) for name in names]


def trigram_index(table: str, name: str, expression: ColumnElement[str] | None = None, **options: Any) -> Index:
    """Return an index for substrings of a column's folded text, or of the text `expression`."""
    folded = (fold(column(name)) if expression is None else expression).label("folded")
    return Index(
        f"ix_{table}_{name}_trigrams",
        folded,
        postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
        **options,
    )


def array_index(table: str, name: str) -> Index:
    """Return an index for the members of an array."""
    return Index(f"ix_{table}_{name}", column(name), postgresql_using="gin")


def number_indexes(table: str, *names: str, type_: TypeEngine[Any] | None = None) -> list[Index]:
    """Return indexes for ranges and for sorting in both directions, unknown values last."""
    return [
        Index(
            f"ix_{table}_{name}_{'descending' if descending else 'ascending'}",
            number_key(column(name, type_ or Integer()), descending=descending),
            column("id"),
        )
        for name in names
        for descending in (False, True)
    ]


def date_indexes(table: str, *names: str) -> list[Index]:
    """Return the `number_indexes` of the integer keys of partial dates."""
    return number_indexes(table, *names)


def timestamp_indexes(table: str) -> list[Index]:
    """Return indexes for sorting and ranges of id and timestamps, which are never NULL.

    All three increase together, so a scan of one index may skip half of the table to reach a range of another column.
    Each index includes the other two columns, so that these rows are skipped without reading the table.
    """
    names = {"id": ["created_at", "updated_at"], "created_at": ["updated_at"], "updated_at": ["created_at"]}
    return [
        Index(
            f"ix_{table}_{name}",
            *(column(key) for key in dict.fromkeys((name, "id"))),
            postgresql_include=others,
        )
        for name, others in names.items()
    ]


def identifiers_index(table: str) -> Index:
    """Return an index for the containment of identifiers."""
    return Index(
        f"ix_{table}_identifiers",
        column("identifiers"),
        postgresql_using="gin",
        postgresql_ops={"identifiers": "jsonb_path_ops"},
    )


def search_indexes(table: str) -> list[Index]:
    """Return indexes for words, and for headings by order and by length."""
    return [
        Index(f"ix_{table}_heading", column("heading"), column("id")),
        Index(f"ix_{table}_heading_length", func.length(column("heading")), column("id")),
        Index(f"ix_{table}_words", column("words"), postgresql_using="gin"),
    ]
