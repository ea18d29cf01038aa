"""People with accounts, who send requests, and the categories and favorites that they add."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.accounts import StoredAccount

Document = dict[str, Any]

MOOD = {"key": "mood", "type": "enum", "values": ["hopeful", "dark"]}


class Person:
    """An account with a session, and requests that it sends."""

    def __init__(self, client: FlaskClient, account: StoredAccount, headers: dict[str, str]) -> None:
        self.client, self.account, self.headers = client, account, headers

    def send(self, method: str, path: str, document: Any = None, **headers: str) -> TestResponse:
        """Send a request; names of headers have underscores."""
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(path, method=method, json=document, headers=sent)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.send("GET", path, None, **headers)

    def add(self, path: str, document: Any) -> Document:
        """POST a record, which must succeed, and return its representation."""
        response = self.send("POST", path, document)
        assert response.status_code == 201, response.text
        return dict(response.json or {})

    def category(self, name: str = "Novels", *attributes: Document) -> int:
        """Add a category, and return its id."""
        category_id: int = self.add("/categories", {"name": name, "attributes": list(attributes)})["id"]
        return category_id

    def favorite(self, category_id: int, title: str | None = None, **members: Any) -> int:
        """Add a favorite, and return its id."""
        document = {"category_id": category_id, "title": title, **members}
        favorite_id: int = self.add("/favorites", document)["id"]
        return favorite_id

    def titles(self, path: str) -> str:
        """Return the titles in a list, joined."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        return "".join(each["title"] for each in response.json["data"])  # type: ignore[index]

    def order(self, category_id: int) -> str:
        """Return the titles in a category by rank, which must be dense."""
        data = self.get(f"/categories/{category_id}/favorites?limit=100").json["data"]  # type: ignore[index]
        assert [each["ranking"] for each in data] == list(range(1, len(data) + 1))
        return "".join(each["title"] for each in data)


@pytest.fixture
def person(
    client: FlaskClient, account: Callable[..., StoredAccount], headers_of: Callable[..., dict[str, str]]
) -> Callable[..., Person]:
    """Add an account with a session, by default of a reader."""

    def add(role: str = "reader", *scopes: str) -> Person:
        stored = account(role)
        return Person(client, stored, headers_of(stored, *scopes))

    return add


@pytest.fixture
def ann(person: Callable[..., Person]) -> Person:
    """A reader."""
    return person()


@pytest.fixture
def bob(person: Callable[..., Person]) -> Person:
    """Another reader."""
    return person()


@pytest.fixture
def editor(person: Callable[..., Person]) -> Person:
    """An editor, who may also write books."""
    return person("editor")


@pytest.fixture
def novels(ann: Person) -> int:
    """Ann's category of the favorites A to E."""
    category_id = ann.category()
    for title in "ABCDE":
        ann.favorite(category_id, title)
    return category_id
