"""The indexes that filters and sorts need, said once for each kind of column."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Index, Integer, column, func
from sqlalchemy.types import TypeEngine

from .expressions import fold, number_key, text_key


def text_indexes(table: str, *names: str) -> list[Index]:
    """For equality and prefixes: the text's key; for substrings: its trigrams."""
    keys = [Index(f"ix_{table}_{name}_key", text_key(column(name))) for name in names]
    return keys + [trigram_index(table, name) for name in names]


def sorted_text_indexes(table: str, *names: str) -> list[Index]:
    """As `text_indexes`, and for order, where the key is a stored column."""
    keys = [Index(f"ix_{table}_{name}_key", column(f"{name}_key"), column("id")) for name in names]
    return keys + [trigram_index(table, name) for name in names]


def trigram_index(table: str, name: str, expression: ColumnElement[str] | None = None, **options: Any) -> Index:
    """For substrings of a column's folded text, or of another text `expression`."""
    folded = (fold(column(name)) if expression is None else expression).label("folded")
    return Index(
        f"ix_{table}_{name}_trigrams",
        folded,
        postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
        **options,
    )


def array_index(table: str, name: str) -> Index:
    """For the members of an array."""
    return Index(f"ix_{table}_{name}", column(name), postgresql_using="gin")


def number_indexes(table: str, *names: str, type_: TypeEngine[Any] | None = None) -> list[Index]:
    """For order and ranges in both directions, unknown values last in each."""
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
    """As `number_indexes`, for the integer keys of partial dates."""
    return number_indexes(table, *names)


def moment_indexes(table: str) -> list[Index]:
    """For order and ranges of the id and the two times of a record, which are always known.

    They grow along together, so that one of them sorted may hide another's range behind half of all rows. Each index
    holds the other two, and the rows in between are passed over without a look at the table.
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
    """For the containment of identifiers."""
    return Index(
        f"ix_{table}_identifiers",
        column("identifiers"),
        postgresql_using="gin",
        postgresql_ops={"identifiers": "jsonb_path_ops"},
    )


def search_indexes(table: str) -> list[Index]:
    """For the words that a record is found by, and for headings in their order and by their length."""
    return [
        Index(f"ix_{table}_heading", column("heading"), column("id")),
        Index(f"ix_{table}_heading_length", func.length(column("heading")), column("id")),
        Index(f"ix_{table}_words", column("words"), postgresql_using="gin"),
    ]
