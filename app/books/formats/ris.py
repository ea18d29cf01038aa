"""RIS, the format of reference managers: a tag, two spaces, a hyphen and a value in each line."""

from __future__ import annotations

from collections.abc import Iterator

from app.books.models import ROLES

from .bibliographic import Bibliographic, BookDocument

# The tags of people; those in other roles are notes ("illustrator: Beardsley, Aubrey").
TAGS = {"author": "AU", "editor": "ED", "translator": "A4"}


class Ris(Bibliographic):
    """A record of type BOOK for each book; line breaks in values become spaces."""

    suffix = "ris"

    def book(self, book: BookDocument) -> bytes:
        """Return one record."""
        lines = (f"{tag}  - {' '.join(value.split())}" for tag, value in self._lines(book))
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _lines(self, book: BookDocument) -> Iterator[tuple[str, str]]:
        yield "TY", "BOOK"
        yield "ID", str(book["id"])
        yield "TI", f"{book['title']}: {book['subtitle']}" if book["subtitle"] else book["title"]
        for role, tag in TAGS.items():
            for name in self.people(book, role):
                yield tag, name
        if book["published"]:
            yield "PY", book["published"][:5] if book["published"].startswith("-") else book["published"][:4]
            yield from _date(book["published"])
        texts = {"PB": "publisher", "T2": "series", "LA": "language", "AB": "description"}
        for tag, name in texts.items():
            if book[name]:
                yield tag, book[name]
        if book["series_position"] is not None:
            yield "VL", f"{book['series_position']:g}"
        if book["page_count"]:
            yield "SP", str(book["page_count"])
        for number in (book["isbn"], *book["identifiers"].get("isbn", ())):
            if number:
                yield "SN", number
        for edition in book["identifiers"].get("edition", ()):
            yield "ET", edition
        for subject in book["subjects"]:
            yield "KW", subject
        for role in ROLES:
            if role not in TAGS:
                for name in self.people(book, role):
                    yield "N1", f"{role}: {name}"
        yield "ER", ""


def _date(published: str) -> Iterator[tuple[str, str]]:
    """Yield the date as YYYY/MM/DD/, if more than the year is known."""
    parts = published.split("-")
    if len(parts) > 1 and not published.startswith("-"):
        yield "DA", "/".join([*parts, *[""] * (3 - len(parts)), ""])
