"""The benchmark of walks by cursors: each book is seen once in both directions, or the walk fails."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.walk import SORTS, WalkFailed, walk


def test_a_walk_sees_each_book_once_in_both_directions(client, add_book, database_url, start_server):
    for number in range(10):
        add_book(title=f"Book {number % 4}", published=f"{1900 + number % 3}" if number % 2 else None)
    server = start_server(database_url)
    walks = [walk(server.address, sort, limit=3) for sort in SORTS]
    assert [(found.rows, found.pages) for found in walks] == [(10, 4)] * len(SORTS)


@pytest.mark.parametrize(
    ("there", "back", "words"),
    [
        ([1, 2], [1, 2], "forwards, sort='': 2 books came, expected 3"),
        ([1, 2, 2], [1, 2, 3], "forwards, sort='': 1 books came twice"),
        ([1, 2, 3], [1, 2], "back, sort='': 2 books came, expected 3"),
        ([1, 2, 3], [1, 3, 2], "differs in order from the way there, first at row 1"),
    ],
)
def test_a_walk_fails_on_missing_repeated_or_reordered_books(monkeypatch, there, back, words):
    first = "/books?limit=100"
    pages = {f"{first}&total=exact": page([], total=3), first: page(there), "/again": page(back)}
    monkeypatch.setattr("benchmarks.walk._page", lambda connection, target: pages[target])
    with pytest.raises(WalkFailed, match=words):
        walk("http://127.0.0.1:1")


def page(ids: list[int], total: int | None = None) -> dict[str, Any]:
    links = {"self": "/again", "next": None, "prev": None}
    return {"data": [{"id": book_id} for book_id in ids], "meta": {"total": total}, "links": links}
