"""The effect of each write by the contract, on dictionaries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask.testing import FlaskClient

from app.values.person_name import sort_name

from .record_values import (
    AUTHOR,
    Record,
    line,
    stored,
)


class RecordModel:
    """The records that the service must show: dictionaries `books` and `authors` by id."""

    client: FlaskClient

    def __init__(self) -> None:
        super().__init__()
        self.books: dict[int, Record] = {}
        self.authors: dict[int, Record] = {}

    def whole(self, document: Record, fields: dict[str, Any], required: str) -> Record:
        """The record of a document, with omitted fields unknown or empty."""
        return {required: line(document[required]), **{name: stored(name, document.get(name)) for name in fields}}

    def filed(self, author: Record) -> Record:
        return {**author, "sort_name": author["sort_name"] or sort_name(author["name"])}

    def contributors_to_send(self, wanted: list[tuple[int | str, str | None, str | None]]) -> list[Record]:
        """Contributors to send, with numbers replaced by the ids of existing authors."""
        known = sorted(self.authors)
        sent, seen = [], set()
        for who, role, credited in wanted:
            if isinstance(who, int) and not known:
                continue
            member: Record = {"name": who} if isinstance(who, str) else {"id": known[who % len(known)]}
            homonyms = [key for key in known if self.authors[key]["name"] == line(member.get("name", ""))]
            if len(homonyms) > 1:
                continue  # an ambiguous name, which is a 422 in another test
            identity = (member.get("id") or (homonyms[0] if homonyms else line(member["name"])), role or "author")
            if identity not in seen:
                seen.add(identity)
                sent.append(member | ({"role": role} if role else {}) | ({"credited_as": credited} if credited else {}))
        return sent

    def linked(self, received: list[Record], sent: list[Record]) -> list[Record]:
        """The contributors as stored; the ids of new authors are taken from the response."""
        contributions = []
        for index, member in enumerate(sent):
            if "id" in member:
                author_id = member["id"]
            else:
                name = line(member["name"])
                homonyms = [key for key, author in self.authors.items() if author["name"] == name]
                author_id = homonyms[0] if homonyms else self.learn(received[index]["id"], name)
            credited = member.get("credited_as")
            contributions.append(
                {"id": author_id, "role": member.get("role", "author"), "credited_as": credited and line(credited)}
            )
        return contributions

    def learn(self, author_id: int, name: str) -> int:
        assert author_id not in self.authors
        shown = self.read(f"/authors/{author_id}")
        author = self.filed(self.whole({"name": name}, AUTHOR, "name"))
        self.authors[author_id] = {
            "id": author_id,
            **author,
            "created_at": shown["created_at"],
            "updated_at": shown["updated_at"],
        }
        return author_id

    def shown_book(self, book_id: int) -> Record:
        book = self.books[book_id]
        named = [{**author, "name": self.authors[author["id"]]["name"]} for author in book["authors"]]
        return {**book, "authors": named}

    def read(self, path: str) -> Record:
        response = self.client.get(path)
        assert response.status_code == 200, response.text
        return dict(response.json or {})

    def holder(self, isbn: str | None, but: int | None = None) -> int | None:
        return next((key for key, book in self.books.items() if isbn and book["isbn"] == isbn and key != but), None)

    def refuse_if_taken(self, response: Any, isbn: str | None, but: int | None = None) -> bool:
        """Whether the ISBN is taken, which the response must report."""
        holder = self.holder(isbn, but)
        if holder is None:
            return False
        assert response.status_code == 409, response.text
        assert f"/books/{holder}" in response.headers["Link"]
        return True

    def settled(self, response: Any, before: Record | None, after: Record) -> Record:
        """The record as stored from now on, with the timestamps of the response."""
        received = response.json
        assert response.headers["ETag"]
        times = {name: received[name] for name in ("created_at", "updated_at")}
        if before is None:
            return {"id": received["id"], **after, **times}
        assert times["created_at"] == before["created_at"]
        changed = {**before, **after} != before
        moved = datetime.fromisoformat(times["updated_at"]) > datetime.fromisoformat(before["updated_at"])
        assert moved == changed, f"{before} became {after}"
        return {**before, **after, **times}

    def merged(self, before: Record, patch: Record) -> Record:
        """The changes of a merge patch, which merges the members of an object (RFC 7396)."""
        changes = {name: stored(name, value) for name, value in patch.items()}
        if patch.get("identifiers") is not None:
            changes["identifiers"] = {**before["identifiers"], **changes["identifiers"]}
        return changes

    def is_gone(self, response: Any, there: bool) -> bool:
        """Whether the record is missing, which the response must report."""
        assert (response.status_code == 404) == (not there), response.text
        return not there
