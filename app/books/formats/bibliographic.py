"""The base class of bibliographic formats, which contain only books and name people by sort name."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.books.resource import BOOKS
from app.core.formats import Representation

BookDocument = dict[str, Any]  # a book as the API returns it
# Returns the sort names of authors ("Le Guin, Ursula K.") by their ids.
SortNames = Callable[[set[int]], Mapping[int, str]]


class Bibliographic(Representation):
    """Writes books one by one."""

    def __init__(self, sort_names: SortNames) -> None:
        super().__init__(BOOKS, tuple(BOOKS.fields))
        self._sort_names = sort_names
        self._names: Mapping[int, str] = {}

    def records(self, documents: Sequence[str]) -> bytes:
        """Return a batch of books. One query reads the sort names of all their contributors."""
        books = [json.loads(document) for document in documents]
        self._names = self._sort_names({author["id"] for book in books for author in book["authors"]})
        return b"".join(map(self.book, books))

    @abstractmethod
    def book(self, book: BookDocument) -> bytes:
        """Return one book."""

    def people(self, book: BookDocument, role: str) -> list[str]:
        """Return the sort names of the contributors in a role, in their order."""
        return [self.sort_name(author) for author in book["authors"] if author["role"] == role]

    def sort_name(self, author: Mapping[str, Any]) -> str:
        """Return the sort name of a contributor."""
        return self._names.get(author["id"], str(author["name"]))
