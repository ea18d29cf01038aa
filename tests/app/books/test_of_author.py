"""What the deletion of an author does to the books."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.catalogs.examples import (
    timestamp,
)

Add = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("keep", [False, True])
def test_deleting_an_author_deletes_books_without_other_contributors(
    client: FlaskClient, add_book: Add, add_author: Add, keep: bool
) -> None:
    author, other = add_author(name="Ada"), add_author(name="Bob")
    own = add_book(authors=[{"id": author["id"]}, {"id": author["id"], "role": "editor"}])
    shared = add_book(authors=[{"id": author["id"]}, {"id": other["id"], "role": "translator"}])
    others, nobodys = add_book(authors=[{"id": other["id"]}]), add_book()
    assert client.delete(f"/authors/{author['id']}" + "?books=keep" * keep).status_code == 204
    assert client.get(f"/authors/{author['id']}").status_code == 404
    assert client.get(f"/authors/{author['id']}/books").status_code == 404
    left = {book["id"]: book for book in client.get("/books").json["data"]}
    assert set(left) == {shared["id"], others["id"], nobodys["id"]} | ({own["id"]} if keep else set())
    assert [item["id"] for item in left[shared["id"]]["authors"]] == [other["id"]]
    assert (left[others["id"]], left[nobodys["id"]]) == (others, nobodys)
    if keep:
        assert left[own["id"]]["authors"] == []
        assert timestamp(left[own["id"]]["updated_at"]) > timestamp(own["updated_at"])
