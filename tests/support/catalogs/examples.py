"""Example records, and the fields that every representation has."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

ISBN, OTHER_ISBN, THIRD_ISBN = "9780441478125", "9780060125639", "9780156453806"
BOOK = {
    "title": "The Left Hand of Darkness",
    "subtitle": "50th Anniversary Edition",
    "isbn": ISBN,
    "published": "1969-03",
    "publisher": "Ace Books",
    "language": "en",
    "page_count": 304,
    "description": "An envoy.\n\nAlone.",
    "series": "Hainish Cycle",
    "series_position": 1.5,
    "subjects": ["Science fiction", "Gender"],
    "cover_url": "https://covers.example/1.jpg",
    "identifiers": {"openlibrary": ["OL7353617M"], "goodreads": ["1", "2"]},
    "authors": [{"name": "Ursula K. Le Guin"}, {"name": "Ann Other", "role": "editor", "credited_as": "A. O."}],
}
AUTHOR = {
    "name": "Ursula K. Le Guin",
    "sort_name": "Le Guin, Ursula",
    "alternate_names": ["Урсула Ле Гуин", "U. Kroeber"],
    "birth_date": "1929-10-21",
    "death_date": "2018",
    "biography": "A life.\nIn lines.",
    "identifiers": {"wikidata": ["Q181659"]},
}
READ_ONLY = ("id", "created_at", "updated_at")
BOOK_FIELDS = ["id", *(name for name in BOOK), "created_at", "updated_at"]
AUTHOR_FIELDS = ["id", *(name for name in AUTHOR), "created_at", "updated_at"]
ROLES = [
    "author",
    "editor",
    "translator",
    "illustrator",
    "narrator",
    "compiler",
    "adapter",
    "photographer",
    "introduction",
    "contributor",
]


def writable(representation: dict[str, Any]) -> dict[str, Any]:
    """The fields of a representation that a client may write."""
    return {name: value for name, value in representation.items() if name not in READ_ONLY}


def timestamp(text: str) -> datetime:
    """Read a timestamp, which must be in UTC."""
    read = datetime.fromisoformat(text)
    assert read.utcoffset() == timedelta(0)
    return read
