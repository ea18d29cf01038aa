"""Merges beside other merges and writes."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clients.parallel import simultaneously

from .records import ids


def at_once(app: Flask, *requests: tuple[str, str, Any]) -> list[Any]:
    """The responses to requests that start together."""

    def send(method: str, path: str, body: Any) -> Any:
        return app.test_client(use_cookies=False).open(path, method=method, json=body)

    return simultaneously(*(partial(send, *request) for request in requests))


ROUNDS = 8


def test_merges_in_a_circle_do_not_deadlock(app: Flask, client: FlaskClient) -> None:
    for _ in range(ROUNDS):
        first, second, third = ids(client.post("/authors", json=[{"name": "X"}] * 3).json["data"])
        both = [{"title": "B", "authors": [{"id": first}, {"id": second}, {"id": third}]}] * 3
        books = ids(client.post("/books", json=both).json["data"])
        responses = at_once(
            app,
            ("POST", f"/authors/{first}/merge", {"from": [second]}),
            ("POST", f"/authors/{second}/merge", {"from": [third]}),
            ("POST", f"/authors/{third}/merge", {"from": [first]}),
        )
        done = [response.status_code for response in responses]
        assert set(done) == {200, 409}, [response.text for response in responses]
        left = ids(client.get(f"/authors?id[in]={first},{second},{third}").json["data"])
        assert len(left) == 3 - done.count(200)
        for author in (first, second, third):
            found = client.get(f"/authors/{author}", follow_redirects=True)
            assert (found.status_code, found.json["id"] in left) == (200, True)
        for book in books:
            credited = [author["id"] for author in client.get(f"/books/{book}").json["authors"]]
            assert sorted(credited) == left


def test_a_concurrent_write_is_refused_or_reaches_the_survivor(app: Flask, client: FlaskClient) -> None:
    for _ in range(ROUNDS):
        survivor, old = ids(client.post("/authors", json=[{"name": "S"}, {"name": "O"}]).json["data"])
        merged, patched, written = at_once(
            app,
            ("POST", f"/authors/{survivor}/merge", {"from": [old]}),
            ("PATCH", f"/authors/{old}", {"biography": "Late."}),
            ("POST", "/books", {"title": "Late", "authors": [{"id": old}]}),
        )
        assert (merged.status_code, written.status_code) == (200, 201)
        assert patched.status_code in (200, 409)
        found = client.get(f"/authors/{survivor}").json
        assert found["biography"] == ("Late." if patched.status_code == 200 else None)
        assert ids(client.get(f"/authors/{survivor}/books").json["data"]) == [written.json["id"]]


def test_a_concurrent_deletion_leaves_no_dangling_id(app: Flask, client: FlaskClient) -> None:
    for _ in range(ROUNDS):
        survivor, old = ids(client.post("/authors", json=[{"name": "S"}, {"name": "O"}]).json["data"])
        merged, deleted = at_once(
            app, ("POST", f"/authors/{survivor}/merge", {"from": [old]}), ("DELETE", f"/authors/{survivor}", None)
        )
        assert deleted.status_code == 204
        assert merged.status_code in (200, 404)
        assert client.get(f"/authors/{survivor}").status_code == 404
        assert client.get(f"/authors/{old}").status_code == (404 if merged.status_code == 200 else 200)


@pytest.mark.parametrize("round_", range(4))
def test_of_two_opposite_merges_one_succeeds(app, add_author, add_book, round_):
    first, second = (add_author(name=f"{name}{round_}")["id"] for name in ("One", "Other"))
    for author in (first, second, first, second):
        add_book(title="T", authors=[{"id": author}])
    responses = at_once(
        app,
        ("POST", f"/authors/{first}/merge", {"from": [second]}),
        ("POST", f"/authors/{second}/merge", {"from": [first]}),
    )
    assert sorted(response.status_code for response in responses) == [200, 409]
