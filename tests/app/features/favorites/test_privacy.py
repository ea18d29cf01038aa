"""What belongs to another account is as if it did not exist, and no cache keeps or loses anything by favorites."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from .conftest import MOOD, Document, Person

Requests = list[tuple[str, str, Any]]

UNKNOWN = 999_999


def requests_with(category: int, favorite: int, own_category: int, own_favorite: int) -> Requests:
    """Requests of Bob in which `category` and `favorite` are not his."""
    order = f"/categories/{own_category}/order"
    return [
        ("GET", f"/categories/{category}", None),
        ("HEAD", f"/categories/{category}", None),
        ("PUT", f"/categories/{category}", {"name": "Mine"}),
        ("PATCH", f"/categories/{category}", {"name": "Mine"}),
        ("DELETE", f"/categories/{category}", None),
        ("DELETE", f"/categories/{category}?favorites=delete", None),
        ("GET", f"/categories/{category}/favorites", None),
        ("GET", f"/categories/{category}/favorites?format=ndjson", None),
        ("GET", f"/categories/{category}/favorites?attributes.mood=dark", None),
        ("PUT", f"/categories/{category}/order", {"favorites": [favorite]}),
        ("GET", f"/favorites/{favorite}", None),
        ("PATCH", f"/favorites/{favorite}", {"ranking": 1}),
        ("PATCH", f"/favorites/{favorite}", {"category_id": own_category}),
        ("DELETE", f"/favorites/{favorite}", None),
        ("POST", "/favorites", {"category_id": category, "title": "Mine"}),
        ("PATCH", f"/favorites/{own_favorite}", {"category_id": category}),
        ("PUT", order, {"favorites": [own_favorite, favorite]}),
        ("PUT", order, {"favorites": [favorite]}),
        ("GET", f"/favorites?category_id={category}", None),
        ("GET", f"/favorites?category_id[in]={category}&total=exact", None),
        ("GET", f"/favorites?category_id[lte]={category}&total=estimated", None),
        ("GET", f"/favorites?category_id={category}&attributes.mood=dark", None),
        ("GET", "/favorites?attributes.mood=dark", None),
        ("GET", f"/categories?id={category}&total=exact", None),
        ("GET", f"/favorites?category_id={category}&format=csv", None),
    ]


def test_another_account_is_as_if_it_did_not_exist(ann: Person, bob: Person) -> None:
    hers = ann.category("Novels", MOOD)
    favorite = ann.favorite(hers, "Hers", attributes={"mood": "dark"})
    own_category = bob.category("Novels")
    own_favorite = bob.favorite(own_category, "His")
    before = [ann.get(path).json for path in ("/categories", "/favorites")]
    foreign = requests_with(hers, favorite, own_category, own_favorite)
    for request, unknown in zip(foreign, requests_with(UNKNOWN, UNKNOWN, own_category, own_favorite), strict=True):
        responses = [bob.send(*request, X_Request_ID="same"), bob.send(*unknown, X_Request_ID="same")]
        texts = [
            response.text.replace(str(UNKNOWN), "id").replace(f"{path_id}", "id")
            for response, path_id in zip(responses, (max(hers, favorite), UNKNOWN), strict=True)
        ]
        assert responses[0].status_code == responses[1].status_code, request
        assert "Hers" not in texts[0], request
        assert responses[0].status_code in (404, 422) or request[0] == "GET", request
    assert [ann.get(path).json for path in ("/categories", "/favorites")] == before
    assert bob.titles("/favorites") == "His"


def pointers(bob: Person, method: str, path: str, document: Any) -> list[tuple[str, str]]:
    response = bob.send(method, path, document)
    assert response.status_code == 422
    return [(error["pointer"], error["code"]) for error in response.json["errors"]]  # type: ignore[index]


def test_a_body_points_to_the_id_of_another_account(ann: Person, bob: Person) -> None:
    hers = ann.category()
    favorite = ann.favorite(hers, "Hers")
    mine = bob.favorite(bob.category(), "His")
    for category in (hers, UNKNOWN):
        sent = {"category_id": category, "title": "x"}
        assert pointers(bob, "POST", "/favorites", sent) == [("/category_id", "not_found")]
        assert pointers(bob, "PATCH", f"/favorites/{mine}", {"category_id": category}) == [
            ("/category_id", "not_found")
        ]
    for other in (favorite, UNKNOWN):
        assert pointers(bob, "PUT", f"/categories/{hers + 1}/order", {"favorites": [mine, other]}) == [
            ("/favorites/1", "not_found")
        ]


PATHS = ["/categories", "/categories/1", "/categories/1/favorites", "/favorites", "/favorites/1"]


@pytest.mark.parametrize("path", PATHS)
def test_responses_are_private_and_never_stored(ann: Person, path: str) -> None:
    ann.favorite(ann.category(), "A")
    for _ in range(2):
        response = ann.get(path)
        assert response.headers["Cache-Control"] == "private, no-store"
        assert "hit" not in response.headers.get("Cache-Status", "")
    assert ann.get(path, If_None_Match=response.headers["ETag"]).status_code == 304
    assert ann.send("HEAD", path).headers["ETag"] == response.headers["ETag"]
    assert ann.send("OPTIONS", path).status_code == 204


@pytest.mark.parametrize("path", PATHS)
def test_a_client_without_an_account_is_refused(client: FlaskClient, path: str) -> None:
    for method in ("GET", "POST") if path in ("/categories", "/favorites") else ("GET",):
        response = client.open(path, method=method, json={})
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="catalog"')


def test_a_key_needs_the_scope(person: Callable[..., Person]) -> None:
    reading, favorites = person("admin", "catalog:read", "catalog:write", "admin"), person("reader", "favorites")
    response = reading.get("/favorites")
    assert (response.status_code, "scope favorites" in response.json["detail"]) == (403, True)  # type: ignore[index]
    assert favorites.favorite(favorites.category(), "A")
    assert favorites.get("/books").status_code == 403


def test_hits_of_books_survive_writes_of_favorites(ann: Person, client: FlaskClient, add_book: Any) -> None:
    book: Document = add_book()
    assert "stored" in client.get("/books").headers["Cache-Status"]
    category = ann.category("Novels", MOOD)
    first = ann.favorite(category, book_id=book["id"], attributes={"mood": "dark"})
    second = ann.favorite(category, "B", ranking=1)
    for method, path, document in (
        ("PATCH", f"/favorites/{first}", {"ranking": 1}),
        ("PUT", f"/categories/{category}/order", {"favorites": [second, first]}),
        ("PATCH", f"/categories/{category}?values=drop", {"attributes": []}),
        ("POST", "/favorites", [{"category_id": category, "title": "C"}]),
        ("DELETE", f"/favorites/{second}", None),
        ("DELETE", f"/categories/{category}?favorites=delete", None),
    ):
        assert ann.send(method, path, document).status_code < 300
    assert client.get("/books").headers["Cache-Status"].startswith("catalog; hit")
