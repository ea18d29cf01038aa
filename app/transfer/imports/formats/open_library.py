"""Open Library dumps (openlibrary.org/developers/dumps).

A line has type, key, revision, time and JSON, separated by tabs. Editions and works are both stored as books; an
edition has the key of its work in `identifiers` (`openlibrary_work`). Books name their authors only by key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import IO, Any

from app.transfer.imports.cleaning import names, titles
from app.transfer.imports.files.detected import Detected
from app.transfer.imports.files.input_file import InputFile
from app.transfer.imports.files.lines import EXCERPT, LineReader
from app.transfer.imports.files.options import ReadOptions
from app.transfer.imports.files.rejects import RejectsWriter, dump_json, note_of
from app.transfer.imports.files.sample import Sample
from app.transfer.records import (
    RawContributor,
    RawOutcome,
    RawRecord,
    RecordKind,
    Rejected,
    RejectReason,
    Skipped,
    SourceKey,
)
from app.values.text import showable

from .base import InputFormat
from .json_items import parse_error

_SOURCE = "openlibrary"
_REJECT_NOTE = "\t# rejected: "  # the rejects writer adds it to a line, with the note
_COVER = "https://covers.openlibrary.org/b/id/{}-L.jpg"
_load = json.JSONDecoder().decode


class OpenLibraryRejects(RejectsWriter):
    """Writes the line, followed by a tab and the note."""

    def _write(self, file: IO[Any], rejected: Rejected) -> None:
        note = dump_json(note_of(rejected).as_json("line"))
        file.write(f"{rejected.original}{_REJECT_NOTE}{note}\n")


class OpenLibraryInput(InputFormat):
    """A dump of authors, works or editions, or of all types."""

    name, label, family = "openlibrary", "Open Library dump", "Open Library dumps"
    source = _SOURCE
    rejects_writer = OpenLibraryRejects

    def matches(self, sample: Sample) -> bool:
        """Return whether the text begins with a type."""
        return re.match(r"/type/\w+\t/", sample.start) is not None

    def read(self, file: InputFile, detected: Detected, options: ReadOptions) -> Iterator[RawOutcome]:
        """Iterate over the records of the lines that are not blank."""
        lines = LineReader(file, detected.encoding or "utf-8")
        for line in lines:
            if lines.rejected:
                yield from lines.take_rejected()
            line = line.rstrip("\r\n")
            if _REJECT_NOTE in line:
                line = line.partition(_REJECT_NOTE)[0]
            if line:
                yield _read_line(lines.number, line)
        yield from lines.take_rejected()


def _read_line(number: int, line: str) -> RawOutcome:
    parts = line.split("\t", 4)
    if len(parts) != 5:
        detail = f"Line has {len(parts)} tab-separated parts, expected 5."
        return Rejected(number, line, [RejectReason("", line[:EXCERPT], detail)])
    type_, key, _, _, text = parts
    if type_ not in _TYPES:
        return Skipped(number, showable(type_.removeprefix("/type/"), 50))
    kind, read = _TYPES[type_]
    try:
        document = _load(text)
    except (ValueError, RecursionError) as error:
        return Rejected(number, line, [RejectReason("", text[:EXCERPT], f"Not valid JSON: {parse_error(error)}.")])
    if not isinstance(document, dict):
        return Rejected(number, line, [RejectReason("", text[:EXCERPT], "The fifth part must be a JSON object.")])
    return RawRecord(number, kind, read(document), line, SourceKey(_SOURCE, _tail(key)))


def _tail(key: str) -> str:
    """Return the id in a key: "OL1A" for "/authors/OL1A"."""
    return key.rpartition("/")[2]


def _text(value: Any) -> str | None:
    """Return the text of a string or of an object with a `value`; None if empty."""
    if type(value) is dict:
        value = value.get("value")
    return value if type(value) is str and value and not value.isspace() else None


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    items = value if type(value) is list else [value]
    return [text for item in items if (text := item if type(item) is str and item else _text(item))]


def _keys(value: Any) -> list[str]:
    """Return the keys of references: ``{"key": …}``, ``{"author": {"key": …}}`` or ``{"author": …}``."""
    keys: list[str] = []
    if type(value) is not list:
        return keys
    for item in value:
        reference = item.get("author", item) if isinstance(item, dict) else item
        key = reference.get("key") if isinstance(reference, dict) else reference
        if isinstance(key, str) and key:
            keys.append(_tail(key))
    return keys


def _cover(document: dict[str, Any]) -> str | None:
    covers = document.get("covers")
    if isinstance(covers, list):
        return next((_COVER.format(number) for number in covers if type(number) is int and number > 0), None)
    return None


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _author(document: dict[str, Any]) -> dict[str, Any]:
    name = _text(document.get("name")) or _text(document.get("personal_name"))
    identifiers = {}
    remote = document.get("remote_ids")
    if isinstance(remote, dict):
        identifiers = {_scheme(scheme): [value] for scheme, value in remote.items() if isinstance(value, str) and value}
    return _present(
        {
            "person": RawContributor(name) if name else None,
            "birth_date": _text(document.get("birth_date")),
            "death_date": _text(document.get("death_date")),
            "biography": _text(document.get("bio")),
            "alternate_names": _texts(document.get("alternate_names")),
            "identifiers": identifiers,
        }
    )


_FURTHER_SUBJECTS = ("subject_places", "subject_people", "subject_times", "subject_place", "subject_time")


@lru_cache(maxsize=1 << 10)
def _scheme(name: str) -> str:
    """Return a scheme with only the characters allowed in the catalog."""
    return re.sub(r"[^a-z0-9_.-]", "_", name.lower())[:50] or "other"


def _subjects(document: dict[str, Any]) -> list[str]:
    subjects = _texts(document.get("subjects"))
    for name in _FURTHER_SUBJECTS:
        if name in document:
            subjects += _texts(document[name])
    return list(dict.fromkeys(subjects)) if subjects else subjects


def _work(document: dict[str, Any]) -> dict[str, Any]:
    return _present(
        {
            "title": _text(document.get("title")),
            "subtitle": _text(document.get("subtitle")),
            "published": _text(document.get("first_publish_date")),
            "description": _text(document.get("description")),
            "subjects": _subjects(document),
            "cover_url": _cover(document),
            "authors": _linked_authors(document),
        }
    )


# Members of editions that are identifiers, and their schemes.
_SCHEMES = {
    "oclc_numbers": "oclc",
    "lccn": "lccn",
    "ocaid": "ocaid",
    "lc_classifications": "lcc",
    "dewey_decimal_class": "ddc",
    "edition_name": "edition",
    "isbn_invalid": "original.isbn",
}


def _edition(document: dict[str, Any]) -> dict[str, Any]:
    title = _text(document.get("title"))
    prefix = _text(document.get("title_prefix"))
    if title and prefix:
        title = f"{prefix.rstrip()} {title}"
    identifiers: dict[str, list[str]] = {}
    further = document.get("identifiers")
    if isinstance(further, dict):
        for scheme, values in further.items():
            texts = _texts(values)
            if texts:
                identifiers[_scheme(scheme)] = texts
    for name, scheme in _SCHEMES.items():
        if name in document:
            identifiers.setdefault(scheme, []).extend(_texts(document[name]))
    works = _keys(document.get("works"))
    if works:
        identifiers["openlibrary_work"] = works
    series, publishers = _texts(document.get("series")), _texts(document.get("publishers"))
    return _present(
        {
            "title": title,
            "subtitle": _text(document.get("subtitle")),
            "isbn": [*_texts(document.get("isbn_13")), *_texts(document.get("isbn_10"))],
            "published": _text(document.get("publish_date")),
            "publisher": publishers[0] if publishers else None,
            "language": "/".join(_keys(document.get("languages"))),
            "page_count": _pages(document),
            "description": _text(document.get("description")),
            "series_with_position": series[0] if series else None,
            "subjects": _subjects(document),
            "cover_url": _cover(document),
            "authors": _contributors(document),
            "identifiers": identifiers,
        }
    )


def _pages(document: dict[str, Any]) -> Any:
    """Return the number of pages, or text that needs cleaning."""
    pages = document.get("number_of_pages")
    if type(pages) is int and 0 < pages < 10_000:
        return pages
    return str(pages) if pages else _text(document.get("pagination"))


def _linked_authors(document: dict[str, Any]) -> list[RawContributor]:
    """Return the authors referenced by key."""
    keys = dict.fromkeys(_keys(document.get("authors")))
    return [RawContributor(None, key=SourceKey(_SOURCE, key)) for key in keys]


def _contributors(document: dict[str, Any]) -> list[RawContributor]:
    contributors = _linked_authors(document)
    for heading in _texts(document.get("contributions")):
        name, role = names.split_role(heading)
        contributors.append(RawContributor(titles.strip_isbd(name), role or "contributor", is_inverted="," in name))
    others = document.get("contributors")
    for item in others if isinstance(others, list) else ():
        other = _text(item.get("name")) if isinstance(item, dict) else None
        if other:
            contributors.append(RawContributor(other, _text(item.get("role")) or "contributor"))
    return contributors


# The kind of record and the parser for each type.
_TYPES: dict[str, tuple[RecordKind, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "/type/author": ("authors", _author),
    "/type/work": ("books", _work),
    "/type/edition": ("books", _edition),
}
