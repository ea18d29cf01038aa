"""Random writes, each compared with the model, and all lists at the end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from app.values.person_name import sort_name
from tests.support.application import invalidate_cache
from tests.support.databases import empty

from .record_model import RecordModel
from .record_values import (
    AUTHOR,
    BOOK,
    ISBNS,
    NORMAL_ISBN,
    Record,
    author_patches,
    authors,
    book_patches,
    books,
    contributors,
    line,
)


class RecordMachine(RecordModel, RuleBasedStateMachine):
    """The service and the model: each step applies a write to both."""

    url: str

    book_ids: Bundle[int] = Bundle("book_ids")
    author_ids: Bundle[int] = Bundle("author_ids")

    @initialize()
    def begin(self) -> None:
        empty(self.url)
        invalidate_cache(self.client.application)

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
        sent = self.contributors_to_send(wanted)
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
        sent = self.contributors_to_send(wanted)
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
        sent = None if wanted is None else self.contributors_to_send(wanted)
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
            after["sort_name"] = None  # it was derived from the name, and follows it
        if "sort_name" in after:
            after = self.filed({"name": before["name"], **after})
        self.authors[author_id] = self.settled(response, before, after)
        assert response.json == self.authors[author_id]

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
            others = [author for author in book["authors"] if author["id"] != author_id]
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
            own = [
                book for book in sorted(self.books) if key in [author["id"] for author in self.books[book]["authors"]]
            ]
            assert [book["id"] for book in self.read(f"/authors/{key}/books?limit=100")["data"]] == own
