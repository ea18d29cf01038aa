"""Strategies for stored books, full of characters that formats treat specially."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from schema import SchemaError

from app.books.models import ROLES
from app.books.resource import BOOKS
from app.values import text

WRITABLE = [name for name, field in BOOKS.fields.items() if not field.read_only]

STORED = {"id": 1, "created_at": "2026-01-02T03:04:05.123456+00:00", "updated_at": "2026-02-03T04:05:06+00:00"}

TRAPS = st.sampled_from(
    [
        *('"', ",", ";", "\\", "\t", "[", "]", "a;b", "\\;", "x\\"),
        *("[editor]", "A [author as B]", "&amp;", "=1+1", "-0431"),
        *("Anonymous", "various", "Le Guin, Ursula K.", "a  b", "O'Neil & Co", "x&#39;y", "…", "雪国", "é", "#", "'"),
    ]
)


def stored_line(value: str) -> str | None:
    """Return a line in stored form; None if it is not valid."""
    try:
        return text.line(value)
    except SchemaError:
        return None


def stored_paragraphs(value: str) -> str | None:
    """Return paragraphs in stored form; None if they are not valid."""
    try:
        return text.paragraphs(value)
    except SchemaError:
        return None


raw = st.lists(TRAPS | st.text(max_size=4), min_size=1, max_size=4).map("".join)

lines = raw.map(stored_line).filter(bool)

paragraphs = (raw | st.lists(raw, max_size=3).map("\r\n".join) | raw.map(lambda item: f"{item}\n\n{item}")).map(
    stored_paragraphs
)

several = st.lists(lines, max_size=3, unique=True)

identifiers = st.dictionaries(st.sampled_from(["a", "a_scheme.of-2"]), st.lists(lines, min_size=1, unique=True))

contributors = st.lists(
    st.fixed_dictionaries({"name": lines, "role": st.sampled_from(ROLES), "credited_as": st.none() | lines}),
    max_size=3,
    unique_by=lambda item: (item["name"], item["role"]),
)

books = st.fixed_dictionaries(
    {
        "title": lines,
        "subtitle": st.none() | lines,
        "isbn": st.none() | st.just("9780441478125"),
        "published": st.sampled_from([None, "-0431", "0008", "1969-03", "1969-03-01"]),
        "publisher": st.none() | lines,
        "language": st.sampled_from([None, "en", "pt-BR", "und", "mul", "deu"]),
        "page_count": st.none() | st.integers(1, 100_000),
        "description": st.none() | paragraphs,
        "series": st.none() | lines,
        "series_position": st.none() | st.floats(0, 100_000),
        "subjects": several,
        "cover_url": st.none() | st.just("https://covers.example/1.jpg"),
        "identifiers": identifiers,
        "authors": contributors,
    }
)


def as_document(book: dict[str, Any]) -> str:
    """Return the JSON text of a record with these values, as the API returns it."""
    authors = [{"id": index + 1, **author} for index, author in enumerate(book.get("authors", ()))]
    return json.dumps({**STORED, **book, **({"authors": authors} if "authors" in book else {})}, ensure_ascii=False)


def written(representation: Any, *documents: str) -> bytes:
    """Return the bytes of a representation of documents."""
    return representation.head() + representation.records(documents) + representation.tail()
