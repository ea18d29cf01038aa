"""BibTeX (ctan.org/pkg/bibtex) in UTF-8, with the additional roles of biblatex."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from app.books.models import ROLES

from .bibliographic import Bibliographic, BookDocument

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Special characters of TeX. Braces are written as commands, because BibTeX counts even those after a backslash.
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{mark: f"\\{mark}" for mark in "#$%&_"},
}
_special = re.compile("[" + re.escape("".join(_ESCAPES)) + "]")
_separator = re.compile(r"\band\b", re.IGNORECASE)  # of names


class Bibtex(Bibliographic):
    """An entry `@book` for each book, with a field for each role."""

    suffix = "bib"

    def book(self, book: BookDocument) -> bytes:
        """Return one entry."""
        fields = ",\n".join(f"  {name} = {value}" for name, value in self._fields(book))
        return f"@book{{{self._key(book)},\n{fields}\n}}\n\n".encode()

    def _key(self, book: BookDocument) -> str:
        """Return the citation key: family name, year, and the id, which makes it unique."""
        first = self.sort_name(book["authors"][0]).partition(",")[0] if book["authors"] else ""
        plain = unicodedata.normalize("NFKD", first).encode("ascii", "ignore").decode()
        name = "".join(re.findall("[A-Za-z0-9]+", plain)).lower() or "book"
        year = (book["published"] or "").removeprefix("-")[:4]
        return f"{name}{year}-{book['id']}"

    def _fields(self, book: BookDocument) -> Iterator[tuple[str, str]]:
        # The second pair of braces protects capitals, which styles would put into lower case.
        yield "title", f"{{{{{_escaped(book['title'])}}}}}"
        if book["subtitle"]:
            yield "subtitle", f"{{{{{_escaped(book['subtitle'])}}}}}"
        for role in ROLES:
            people = " and ".join(map(_person, self.people(book, role)))
            if people:
                yield role, f"{{{people}}}"
        yield from _date(book["published"])
        isbns = [number for number in (book["isbn"], *book["identifiers"].get("isbn", ())) if number]
        texts = {
            "publisher": book["publisher"],
            "series": book["series"],
            "number": f"{book['series_position']:g}" if book["series_position"] is not None else None,
            "isbn": " ".join(isbns),
            "edition": "; ".join(book["identifiers"].get("edition", ())),
            "language": book["language"],
            "pagetotal": book["page_count"],
            "keywords": ", ".join(book["subjects"]),
            "abstract": book["description"],
        }
        for name, value in texts.items():
            if value:
                yield name, f"{{{_escaped(str(value))}}}"


def _date(published: str | None) -> Iterator[tuple[str, str]]:
    if published is None:
        return
    year, *rest = published.removeprefix("-").split("-")
    yield "year", f"{{{'-' if published.startswith('-') else ''}{year}}}"
    if rest:
        yield "month", MONTHS[int(rest[0]) - 1]  # a macro that the style defines
    if len(rest) > 1:
        yield "day", f"{{{int(rest[1])}}}"


def _person(sort_name: str) -> str:
    """Return a name in the syntax of BibTeX: "Family, Given", or in braces if BibTeX would split it."""
    name = _escaped(sort_name)
    is_plain = ", " in sort_name and sort_name.count(",") <= 2 and not _separator.search(sort_name)
    return name if is_plain or " " not in sort_name else f"{{{name}}}"


def _escaped(text: str) -> str:
    return _special.sub(lambda match: _ESCAPES[match[0]], text)
