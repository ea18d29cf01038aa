"""A version of a record is the representation that was read right after the change, byte for byte."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.databases import execute

Row = dict[str, Any]

VALUES: dict[str, list[Any]] = {
    "title": ["A", 'Ünïcode “quoted” \\ " title', "/slash/ <b>"],
    "subtitle": [None, "S"],
    "published": [None, "1999", "-0043-03"],
    "page_count": [None, 1, 100_000],
    "series": [None, "Saga"],
    "series_position": [None, 0, 4, 1.5, 0.0000001, 99999.99],
    "subjects": [[], ["one", 'two "2"', "drei, vier"], ["\u2028"]],
    "identifiers": [{}, {"b": ["1", "2"], "isbn": ["9780441478125"], "aa": ['"']}],
    "description": [None, "Two\nlines\twith \x7f?".replace("\x7f", "")],
}
NAMES = ["Ann", "Ben", "Cläre"]
ROLES = ["author", "editor"]

LATEST = """
    SELECT number_changes();
    SELECT resource::text, record_id, max(position + ordinal) FROM changes JOIN revisions ON revisions.id = revision_id
    WHERE op <> 'updated' OR after <> '{}' GROUP BY 1, 2
"""


class Writer:
    """Writes books and authors at random, and notes each representation with its position."""

    def __init__(self, client: FlaskClient, url: str, seed: int) -> None:
        self.client, self.url, self.chance = client, url, random.Random(seed)
        self.versions: dict[tuple[str, int], str | None] = {}  # by path and position; None after a deletion

    def write(self) -> None:
        steps: list[Callable[[], None]] = [
            *(self.create, self.patch, self.patch, self.patch, self.replace, self.relist, self.rename, self.delete),
            *(self.merge, self.unmerge, self.delete_author, self.by_sql, self.restore),
        ]
        self.do(self.chance.choice(steps))

    def do(self, step: Callable[[], None]) -> None:
        step()
        self.note()

    def note(self) -> None:
        """Keep the present representation of each record that has a new version."""
        for resource, record_id, position in execute(self.url, LATEST):
            key = (f"/{resource}/{record_id}", position)
            if key not in self.versions:
                # SQL does not invalidate the cache.
                response = self.client.get(key[0], headers={"Cache-Control": "no-cache"})
                self.versions[key] = response.text if response.status_code == 200 else None

    def create(self) -> None:
        self.send("POST", "/books", {"title": "New", **self.values(), "authors": self.contributors()})

    def patch(self) -> None:
        self.send("PATCH", f"/books/{self.book()}", self.values())

    def relist(self) -> None:
        self.send("PATCH", f"/books/{self.book()}", {"authors": self.contributors()})

    def replace(self) -> None:
        self.send("PUT", f"/books/{self.book()}", {"title": "Put", **self.values(), "authors": self.contributors()})

    def rename(self) -> None:
        self.send("PATCH", f"/authors/{self.author()}", {"name": f"{self.chance.choice(NAMES)} {self.number(99)}"})

    def delete(self) -> None:
        self.send("DELETE", f"/books/{self.book()}")

    def delete_author(self) -> None:
        keep = self.chance.choice(["", "?books=keep"])
        self.send("DELETE", f"/authors/{self.author()}{keep}")

    def merge(self) -> None:
        resource, pick = self.chance.choice([("books", self.book), ("authors", self.author)])
        self.send("POST", f"/{resource}/{pick()}/merge", {"from": [pick()]})

    def unmerge(self) -> None:
        resource, pick = self.chance.choice([("books", self.book), ("authors", self.author)])
        self.send("POST", f"/{resource}/{pick()}/unmerge", {})

    def restore(self) -> None:
        deleted = [key for key, text in self.versions.items() if text is None]
        if deleted:
            path, position = self.chance.choice(deleted)
            self.send("POST", f"{path}/restore", {"undo": position})

    def by_sql(self) -> None:
        execute(self.url, f"UPDATE books SET page_count = {self.number(500)}, updated_at = now() WHERE id < 3")

    def send(self, method: str, path: str, document: Any = None) -> None:
        response = self.client.open(path, method=method, json=document)
        assert response.status_code < 500, response.text

    def values(self) -> Row:
        names = self.chance.sample(sorted(VALUES), self.number(4))
        return {name: self.chance.choice(VALUES[name]) for name in names}

    def contributors(self) -> list[Row]:
        names = self.chance.sample(NAMES, self.chance.randint(0, 3))
        return [{"name": name, "role": self.chance.choice(ROLES), "credited_as": "C"} for name in names]

    def book(self) -> int:
        return self.number(6)

    def author(self) -> int:
        return self.number(5)

    def number(self, most: int) -> int:
        return self.chance.randint(1, most)


@pytest.mark.parametrize("seed", range(4))
def test_each_version_is_the_representation_after_its_write(client: FlaskClient, database_url: str, seed: int) -> None:
    writer = Writer(client, database_url, seed)
    for _ in range(4):
        writer.do(writer.create)
    for _ in range(40):
        writer.write()
    assert sum(text is not None for text in writer.versions.values()) > 10
    wrong = {}
    for (path, position), text in writer.versions.items():
        response = client.get(f"{path}/versions/{position}")
        shown = response.text if response.status_code == 200 else None
        if shown != text:
            wrong[path, position] = (shown, text)
    assert wrong == {}
