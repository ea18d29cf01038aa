"""What the formats of libraries and of citations have in common: they hold books, whose people are filed by name."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.books.schemas import BOOKS
from app.representations import Representation

Book = dict[str, Any]  # its representation
# The names of authors as they are filed ("Le Guin, Ursula K."), by id.
SortNames = Callable[[set[int]], Mapping[int, str]]


class Bibliographic(Representation):
    """Books, one after the other, with all that the format can hold of them."""

    def __init__(self, sort_names: SortNames) -> None:
        super().__init__(BOOKS, tuple(BOOKS.fields))
        self._sort_names = sort_names
        self._filed: Mapping[int, str] = {}

    def records(self, documents: Sequence[str]) -> bytes:
        books = [json.loads(document) for document in documents]
        self._filed = self._sort_names({author["id"] for book in books for author in book["authors"]})
        return b"".join(map(self.book, books))

    @abstractmethod
    def book(self, book: Book) -> bytes:
        """One book."""

    def people(self, book: Book, role: str) -> list[str]:
        """The contributors in a role, in their order, as they are filed."""
        return [self.filed(author) for author in book["authors"] if author["role"] == role]

    def filed(self, author: Mapping[str, Any]) -> str:
        """The name of a contributor as it is filed."""
        return self._filed.get(author["id"], str(author["name"]))
