"""Books and authors are created, replaced, patched and deleted at random, beside a model that is a dictionary.

After each step the whole representation is compared, and at the end of each run all lists.
"""

from __future__ import annotations

import copy
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import psycopg2
import pytest
from flask.testing import FlaskClient
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.engine import make_url

from app.values.person_name import sort_name

Record = dict[str, Any]

ISBNS = ["9780441478125", "978-0-306-40615-7", "0-8044-2957-X"]
NORMAL_ISBN = {"9780441478125": "9780441478125", "978-0-306-40615-7": "9780306406157", "0-8044-2957-X": "9780804429573"}
lines = st.one_of(
    st.sampled_from(["A", "a", "É", "E\u0301", "  two   words\n", "100%_\\", "'; --", "<b>", "雪国", "x" * 300]),
    st.text("aBéß \t%_'\"\\,", min_size=1, max_size=10).filter(lambda text: text.strip() != ""),
)
dates = st.sampled_from(["-0044", "0001", "1990", "1990-05", "1990-05-17", "2000-02-29", "9999-12-31"])
names = st.sampled_from(["Homer", "Ursula K. Le Guin", "Anna  Nym", "Zoe\u0308 Z"])
identifiers = st.dictionaries(
    st.sampled_from(["openlibrary", "a.b-c_1"]),
    st.lists(lines.filter(lambda text: len(text) < 200), max_size=2),
    max_size=2,
)
roles = st.sampled_from(["author", "translator"])

BOOK: dict[str, st.SearchStrategy[Any]] = {
    "subtitle": st.none() | lines,
    "isbn": st.none() | st.sampled_from(ISBNS),
    "published": st.none() | dates,
    "publisher": st.none() | lines,
    "language": st.none() | st.sampled_from(["en", "PT-br", "ZH-hant"]),
    "page_count": st.none() | st.integers(1, 100_000),
    "description": st.none() | lines,
    "series": st.none() | lines,
    "series_position": st.none() | st.sampled_from([0, 1, 1.5, 100_000, 0.1]),
    "subjects": st.none() | st.lists(st.sampled_from(["A", "B", "b", " C ", "D\u0301"]), max_size=3, unique=True),
    "cover_url": st.none() | st.just("https://covers.example/1.jpg"),
    "identifiers": st.none() | identifiers,
}
AUTHOR: dict[str, st.SearchStrategy[Any]] = {
    "sort_name": st.none() | lines,
    "alternate_names": st.none() | st.lists(st.sampled_from(["A", "b"]), max_size=2, unique=True),
    "birth_date": st.none() | dates,
    "death_date": st.none() | dates,
    "biography": st.none() | lines,
    "identifiers": st.none() | identifiers,
}
books = st.fixed_dictionaries({"title": lines}, optional=BOOK)
authors = st.fixed_dictionaries({"name": names | lines}, optional=AUTHOR)
book_patches = st.fixed_dictionaries({}, optional={"title": lines, **BOOK})
author_patches = st.fixed_dictionaries({}, optional={"name": names | lines, **AUTHOR})
contributors = st.lists(
    st.tuples(st.integers(0, 5) | names, roles | st.none(), st.none() | lines),
    max_size=3,
    unique_by=lambda one: (one[0], one[1] or "author"),
)

EMPTY = {"subjects": [], "alternate_names": [], "identifiers": {}, "authors": []}


def line(text: str) -> str:
    """A line as it is stored."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def stored(name: str, value: Any) -> Any:
    """A value of a field as the representation has it."""
    if value is None:
        return copy.deepcopy(EMPTY.get(name))
    if name == "isbn":
        return NORMAL_ISBN[value]
    if name == "language":
        return {"en": "en", "PT-br": "pt-BR", "ZH-hant": "zh-Hant"}[value]
    if name in ("description", "biography"):
        return unicodedata.normalize("NFC", value).strip()
    if name == "identifiers":
        return {scheme: list(dict.fromkeys(map(line, values))) for scheme, values in value.items()}
    if isinstance(value, list):
        return [line(item) for item in value]
    return line(value) if isinstance(value, str) else value


class Catalog(RuleBasedStateMachine):
    """The service beside `books` and `authors`, dictionaries of what it must answer."""

    client: FlaskClient
    url: str

    book_ids: Bundle[int] = Bundle("book_ids")
    author_ids: Bundle[int] = Bundle("author_ids")

    def __init__(self) -> None:
        super().__init__()
        self.books: dict[int, Record] = {}
        self.authors: dict[int, Record] = {}

    @initialize()
    def begin(self) -> None:
        connection = psycopg2.connect(
            make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("TRUNCATE books, authors, contributions RESTART IDENTITY CASCADE")
        connection.close()
        self.client.application.extensions["catalog.on_commit"]()

    # What the contract says a write does, done to the dictionaries.

    def whole(self, document: Record, fields: dict[str, Any], required: str) -> Record:
        """A record of what was sent, what was left out being unknown or empty."""
        return {required: line(document[required]), **{name: stored(name, document.get(name)) for name in fields}}

    def filed(self, author: Record) -> Record:
        return {**author, "sort_name": author["sort_name"] or sort_name(author["name"])}

    def asked(self, wanted: list[tuple[int | str, str | None, str | None]]) -> list[Record]:
        """Contributors to send, whose numbers become the ids of authors that there are."""
        known = sorted(self.authors)
        sent, seen = [], set()
        for who, role, credited in wanted:
            if isinstance(who, int) and not known:
                continue
            member: Record = {"name": who} if isinstance(who, str) else {"id": known[who % len(known)]}
            bearers = [key for key in known if self.authors[key]["name"] == line(member.get("name", ""))]
            if len(bearers) > 1:
                continue  # several have this name, which is a 422 that another test shows
            identity = (member.get("id") or (bearers[0] if bearers else line(member["name"])), role or "author")
            if identity not in seen:
                seen.add(identity)
                sent.append(member | ({"role": role} if role else {}) | ({"credited_as": credited} if credited else {}))
        return sent

    def linked(self, answered: list[Record], sent: list[Record]) -> list[Record]:
        """The contributors as stored; authors that had to be made are learnt from the answer."""
        found = []
        for place, member in enumerate(sent):
            if "id" in member:
                author_id = member["id"]
            else:
                name = line(member["name"])
                bearers = [key for key, author in self.authors.items() if author["name"] == name]
                author_id = bearers[0] if bearers else self.learn(answered[place]["id"], name)
            credited = member.get("credited_as")
            found.append(
                {"id": author_id, "role": member.get("role", "author"), "credited_as": credited and line(credited)}
            )
        return found

    def learn(self, author_id: int, name: str) -> int:
        assert author_id not in self.authors
        shown = self.read(f"/authors/{author_id}")
        made = self.filed(self.whole({"name": name}, AUTHOR, "name"))
        self.authors[author_id] = {
            "id": author_id,
            **made,
            "created_at": shown["created_at"],
            "updated_at": shown["updated_at"],
        }
        return author_id

    def shown_book(self, book_id: int) -> Record:
        book = self.books[book_id]
        named = [{**one, "name": self.authors[one["id"]]["name"]} for one in book["authors"]]
        return {**book, "authors": named}

    def read(self, path: str) -> Record:
        response = self.client.get(path)
        assert response.status_code == 200, response.text
        return dict(response.json or {})

    def holder(self, isbn: str | None, but: int | None = None) -> int | None:
        return next((key for key, book in self.books.items() if isbn and book["isbn"] == isbn and key != but), None)

    def refuse_if_taken(self, response: Any, isbn: str | None, but: int | None = None) -> bool:
        """Whether an ISBN stood in the way, and the answer says so."""
        holder = self.holder(isbn, but)
        if holder is None:
            return False
        assert response.status_code == 409, response.text
        assert f"/books/{holder}" in response.headers["Link"]
        return True

    def settled(self, response: Any, before: Record | None, after: Record) -> Record:
        """The record as it is stored from now on, with the times that the service set."""
        answered = response.json
        assert response.headers["ETag"]
        times = {name: answered[name] for name in ("created_at", "updated_at")}
        if before is None:
            return {"id": answered["id"], **after, **times}
        assert times["created_at"] == before["created_at"]
        changed = {**before, **after} != before
        moved = datetime.fromisoformat(times["updated_at"]) > datetime.fromisoformat(before["updated_at"])
        assert moved == changed, f"{before} became {after}"
        return {**before, **after, **times}

    # The steps.

    @rule(target=author_ids, document=authors)
    def create_author(self, document: Record) -> int:
        response = self.client.post("/authors", json=document)
        assert response.status_code == 201, response.text
        author = self.settled(response, None, self.filed(self.whole(document, AUTHOR, "name")))
        self.authors[author["id"]] = author
        assert response.json == author
        assert response.headers["Location"] == f"/authors/{author['id']}"
        return int(author["id"])

    @rule(target=book_ids, document=books, wanted=contributors)
    def create_book(self, document: Record, wanted: list[Any]) -> Any:
        sent = self.asked(wanted)
        response = self.client.post("/books", json={**document, "authors": sent})
        after = self.whole(document, BOOK, "title")
        if self.refuse_if_taken(response, after["isbn"]):
            return multiple()
        assert response.status_code == 201, response.text
        after["authors"] = self.linked(response.json["authors"], sent)
        book = self.settled(response, None, after)
        self.books[book["id"]] = book
        assert response.json == self.shown_book(book["id"])
        return int(book["id"])

    @rule(target=book_ids, document=books, number=st.integers(0, 2))
    def put_by_isbn(self, document: Record, number: int) -> Any:
        isbn = ISBNS[number]
        document = {**document, "isbn": isbn}
        key = self.holder(NORMAL_ISBN[isbn])
        response = self.client.put(f"/books/isbn/{isbn}", json=document)
        assert response.status_code == (200 if key else 201), response.text
        after = {**self.whole(document, BOOK, "title"), "authors": []}
        book = self.settled(response, self.books.get(key or 0), after)
        self.books[book["id"]] = book
        assert response.json == self.shown_book(book["id"])
        return multiple() if key else int(book["id"])

    @rule(book_id=book_ids, document=books, wanted=contributors)
    def replace_book(self, book_id: int, document: Record, wanted: list[Any]) -> None:
        sent = self.asked(wanted)
        response = self.client.put(f"/books/{book_id}", json={**document, "authors": sent})
        if self.is_gone(response, book_id in self.books):
            return
        after = self.whole(document, BOOK, "title")
        if self.refuse_if_taken(response, after["isbn"], book_id):
            return
        assert response.status_code == 200, response.text
        after["authors"] = self.linked(response.json["authors"], sent)
        self.books[book_id] = self.settled(response, self.books[book_id], after)
        assert response.json == self.shown_book(book_id)

    @rule(author_id=author_ids, document=authors)
    def replace_author(self, author_id: int, document: Record) -> None:
        response = self.client.put(f"/authors/{author_id}", json=document)
        if self.is_gone(response, author_id in self.authors):
            return
        assert response.status_code == 200, response.text
        after = self.filed(self.whole(document, AUTHOR, "name"))
        self.authors[author_id] = self.settled(response, self.authors[author_id], after)
        assert response.json == self.authors[author_id]

    @rule(book_id=book_ids, patch=book_patches, wanted=st.none() | contributors)
    def patch_book(self, book_id: int, patch: Record, wanted: list[Any] | None) -> None:
        sent = None if wanted is None else self.asked(wanted)
        body = patch if sent is None else {**patch, "authors": sent}
        response = self.client.patch(f"/books/{book_id}", json=body)
        if self.is_gone(response, book_id in self.books):
            return
        before = self.books[book_id]
        after = self.merged(before, patch)
        if self.refuse_if_taken(response, after.get("isbn"), book_id):
            return
        assert response.status_code == 200, response.text
        if sent is not None:
            after["authors"] = self.linked(response.json["authors"], sent)
        self.books[book_id] = self.settled(response, before, after)
        assert response.json == self.shown_book(book_id)

    @rule(author_id=author_ids, patch=author_patches)
    def patch_author(self, author_id: int, patch: Record) -> None:
        response = self.client.patch(f"/authors/{author_id}", json=patch)
        if self.is_gone(response, author_id in self.authors):
            return
        assert response.status_code == 200, response.text
        before = self.authors[author_id]
        after = self.merged(before, patch)
        sent_back = line(patch.get("sort_name") or before["sort_name"]) == before["sort_name"]
        if sent_back and before["sort_name"] == sort_name(before["name"]):
            after["sort_name"] = None  # it was made from the name, and follows it
        if "sort_name" in after:
            after = self.filed({"name": before["name"], **after})
        self.authors[author_id] = self.settled(response, before, after)
        assert response.json == self.authors[author_id]

    def merged(self, before: Record, patch: Record) -> Record:
        """What a merge patch changes: within an object, members are merged one by one (RFC 7396)."""
        changes = {name: stored(name, value) for name, value in patch.items()}
        if patch.get("identifiers") is not None:
            changes["identifiers"] = {**before["identifiers"], **changes["identifiers"]}
        return changes

    @rule(book_id=book_ids)
    def send_back_what_was_read(self, book_id: int) -> None:
        if book_id in self.books:
            shown = self.read(f"/books/{book_id}")
            for write in (self.client.put, self.client.patch):
                response = write(f"/books/{book_id}", json=shown)
                assert response.status_code == 200, response.text
                assert response.json == shown

    @rule(author_id=author_ids)
    def send_an_author_back_as_read(self, author_id: int) -> None:
        if author_id in self.authors:
            shown = self.read(f"/authors/{author_id}")
            for write in (self.client.put, self.client.patch):
                response = write(f"/authors/{author_id}", json=shown)
                assert response.status_code == 200, response.text
                assert response.json == shown

    @rule(book_id=consumes(book_ids))
    def delete_book(self, book_id: int) -> None:
        response = self.client.delete(f"/books/{book_id}")
        if not self.is_gone(response, book_id in self.books):
            assert response.status_code == 204
            del self.books[book_id]

    @rule(author_id=author_ids | st.integers(1, 6), keep=st.booleans())
    def delete_author(self, author_id: int, keep: bool) -> None:
        response = self.client.delete(f"/authors/{author_id}" + ("?books=keep" if keep else ""))
        if self.is_gone(response, author_id in self.authors):
            return
        assert response.status_code == 204
        del self.authors[author_id]
        for book_id, book in list(self.books.items()):
            others = [one for one in book["authors"] if one["id"] != author_id]
            if len(others) == len(book["authors"]):
                continue
            if not others and not keep:
                del self.books[book_id]
                continue
            updated = self.read(f"/books/{book_id}")["updated_at"]
            assert datetime.fromisoformat(updated) > datetime.fromisoformat(book["updated_at"])
            self.books[book_id] = {**book, "authors": others, "updated_at": updated}

    @rule(
        book_id=book_ids,
        body=st.sampled_from([{"title": None}, {"page_count": 0}, {"colour": 1}, {"authors": [{"id": 999}]}, [], 1]),
    )
    def send_what_breaks_a_rule(self, book_id: int, body: Any) -> None:
        response = self.client.patch(f"/books/{book_id}", json=body)
        assert response.status_code == (422 if book_id in self.books else 404)

    def is_gone(self, response: Any, there: bool) -> bool:
        """Whether there is no such record, and the answer says so."""
        assert (response.status_code == 404) == (not there), response.text
        return not there

    @invariant()
    def every_book_is_as_the_model_has_it(self) -> None:
        page = self.read("/books?limit=100&total=exact")
        assert page["data"] == [self.shown_book(key) for key in sorted(self.books)]
        assert page["meta"]["total"] == len(self.books)

    @invariant()
    def every_author_is_as_the_model_has_it(self) -> None:
        assert self.read("/authors?limit=100")["data"] == [self.authors[key] for key in sorted(self.authors)]

    def teardown(self) -> None:
        for key in self.books:
            assert self.read(f"/books/{key}") == self.shown_book(key)
        for key in self.authors:
            own = [book for book in sorted(self.books) if key in [one["id"] for one in self.books[book]["authors"]]]
            assert [book["id"] for book in self.read(f"/authors/{key}/books?limit=100")["data"]] == own


@pytest.fixture(scope="module")
def catalog(make_app: Callable[..., Any], new_database: Callable[[str], str]) -> Iterator[type[Catalog]]:
    url = new_database("records")
    Catalog.client, Catalog.url = make_app(DATABASE_URL=url).test_client(use_cookies=False), url
    return Catalog


def test_a_write_that_changes_nothing_moves_nothing_after_a_contributor_was_deleted(
    client: FlaskClient, add_book: Callable[..., Record]
) -> None:
    add_book(authors=[{"name": "A"}, {"name": "B"}])
    assert client.delete("/authors/1?books=keep").status_code == 204
    shown = client.get("/books/1").json
    for write in (client.put, client.patch):
        assert write("/books/1", json=shown).json == shown


def test_writes_do_to_the_catalog_what_they_do_to_a_dictionary(catalog: type[Catalog]) -> None:
    # A failure is not shrunk: each try runs dozens of requests, and it would take minutes.
    run_state_machine_as_test(
        catalog,
        settings=settings(
            deadline=None, max_examples=50, stateful_step_count=20, phases=(Phase.explicit, Phase.generate)
        ),
    )
