"""Records that the tests of merges use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

Row = dict[str, Any]

Add = Callable[..., Row]

FIRST, SECOND, THIRD = "9780441478125", "9780306406157", "9780804429573"


def ids(rows: list[Row]) -> list[int]:
    return [row["id"] for row in rows]


def varied(client: FlaskClient) -> None:
    """Create authors 1 to 4 and books 1 to 6, which have much in common."""
    authors = [
        {"name": "A. A. Milne", "identifiers": {"viaf": ["1"]}, "biography": "Two\nlines."},
        {
            "name": "Milne, A. A.",
            "alternate_names": ["Alan"],
            "birth_date": "1882-01-18",
            "identifiers": {"viaf": ["2"]},
        },
        {"name": "Alan Milne", "alternate_names": ["Alan", "A. A. Milne"], "death_date": "1956", "sort_name": "M"},
        {"name": "E. H. Shepard"},
    ]
    assert client.post("/authors", json=authors).status_code == 201
    credits = [[1], [2, 4], [4, 2, 1], [3, 2], [1, 2, 3, 4], []]
    books = [
        {
            "title": f"Book {index}",
            "isbn": (FIRST, SECOND, None)[index % 3] if index < 3 else None,
            "series_position": 0.1 * index,
            "subjects": [f"S{index}", "Bears"],
            "identifiers": {"x": [f"{index}"], "isbn": [THIRD]} if index % 2 else {},
            "authors": [
                {"id": author, "role": role, "credited_as": f"C{author}" if author == 2 else None}
                for author in of_book
                for role in (("author", "editor") if author == 2 else ("author",))
            ],
        }
        for index, of_book in enumerate(credits)
    ]
    assert client.post("/books", json=books).status_code == 201
