"""Open Library dumps (openlibrary.org/developers/dumps): type, key, revision, time and JSON, with tabs between.

Editions and works are both stored as books: an edition names its work under `identifiers` (`openlibrary_work`). Authors
are named by key alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import IO, Any

from app.transfer.guess import Beginning, Guess, Wishes
from app.transfer.mending import names, titles
from app.transfer.records import Credit, Flaw, Key, Kind, Rejected, Row, Skipped
from app.transfer.rejects import Rejects, as_json, members
from app.transfer.sources import Source
from app.values.text import showable

from .format import Format
from .lines import SHOWN, Lines

SOURCE = "openlibrary"
NOTE = "\t# rejected: "  # what `rejects` puts behind a line
COVER = "https://covers.openlibrary.org/b/id/{}-L.jpg"
_load = json.JSONDecoder().decode


def records(lines: Lines) -> Iterator[Row | Rejected | Skipped]:
    """A record of each line that is not blank."""
    for line in lines:
        if lines.rejected:
            yield from lines.taken()
        line = line.rstrip("\r\n")
        if NOTE in line:
            line = line.partition(NOTE)[0]
        if line:
            yield _record(lines.number, line)
    yield from lines.taken()


def _record(place: int, line: str) -> Row | Rejected | Skipped:
    parts = line.split("\t", 4)
    if len(parts) != 5:
        reason = f"A line has five parts with tabs between them; this has {len(parts)}."
        return Rejected(place, line, [Flaw("", line[:SHOWN], reason)])
    made = _MADE.get(parts[0])
    if made is None:
        return Skipped(place, showable(parts[0].removeprefix("/type/"), 50))
    kind, make = made
    try:
        document = _load(parts[4])
    except (ValueError, RecursionError) as error:
        return Rejected(place, line, [Flaw("", parts[4][:SHOWN], f"This is no JSON: {error}.")])
    if not isinstance(document, dict):
        return Rejected(place, line, [Flaw("", parts[4][:SHOWN], "A record is a JSON object.")])
    return Row(place, kind, make(document), line, Key(SOURCE, _tail(parts[1])))


def _tail(key: str) -> str:
    return key.rpartition("/")[2]


def _text(value: Any) -> str | None:
    """Text that stands alone or in an object, as Open Library has both."""
    if type(value) is dict:
        value = value.get("value")
    return value if type(value) is str and value and not value.isspace() else None


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    items = value if type(value) is list else [value]
    return [text for item in items if (text := item if type(item) is str and item else _text(item))]


def _keys(value: Any) -> list[str]:
    """The keys of references: ``{"key": …}``, or ``{"author": {"key": …}}``, or ``{"author": …}``."""
    found: list[str] = []
    if type(value) is not list:
        return found
    for item in value:
        reference = item.get("author", item) if isinstance(item, dict) else item
        key = reference.get("key") if isinstance(reference, dict) else reference
        if isinstance(key, str) and key:
            found.append(_tail(key))
    return found


def _cover(document: dict[str, Any]) -> str | None:
    covers = document.get("covers")
    if isinstance(covers, list):
        return next((COVER.format(number) for number in covers if type(number) is int and number > 0), None)
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
            "person": Credit(name) if name else None,
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
    """A scheme as ours are written."""
    return re.sub(r"[^a-z0-9_.-]", "_", name.lower())[:50] or "other"


def _subjects(document: dict[str, Any]) -> list[str]:
    found = _texts(document.get("subjects"))
    for name in _FURTHER_SUBJECTS:
        if name in document:
            found += _texts(document[name])
    return list(dict.fromkeys(found)) if found else found


def _work(document: dict[str, Any]) -> dict[str, Any]:
    return _present(
        {
            "title": _text(document.get("title")),
            "subtitle": _text(document.get("subtitle")),
            "published": _text(document.get("first_publish_date")),
            "description": _text(document.get("description")),
            "subjects": _subjects(document),
            "cover_url": _cover(document),
            "authors": [Credit(None, None, Key(SOURCE, key)) for key in dict.fromkeys(_keys(document.get("authors")))],
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
            found = _texts(values)
            if found:
                identifiers[_scheme(scheme)] = found
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
            "series_with_place": series[0] if series else None,
            "subjects": _subjects(document),
            "cover_url": _cover(document),
            "authors": _contributors(document),
            "identifiers": identifiers,
        }
    )


def _pages(document: dict[str, Any]) -> Any:
    """The number of pages; as text where it may have to be mended."""
    pages = document.get("number_of_pages")
    if type(pages) is int and 0 < pages < 10_000:
        return pages
    return str(pages) if pages else _text(document.get("pagination"))


def _contributors(document: dict[str, Any]) -> list[Credit]:
    credits = [Credit(None, None, Key(SOURCE, key)) for key in dict.fromkeys(_keys(document.get("authors")))]
    for heading in _texts(document.get("contributions")):
        name, role = names.with_role(heading)
        credits.append(Credit(titles.without_isbd(name), role or "contributor", None, "," in name))
    others = document.get("contributors")
    for item in others if isinstance(others, list) else ():
        name_ = _text(item.get("name")) if isinstance(item, dict) else None
        if name_:
            credits.append(Credit(name_, _text(item.get("role")) or "contributor"))
    return credits


_MADE: dict[str, tuple[Kind, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "/type/author": ("authors", _author),
    "/type/work": ("books", _work),
    "/type/edition": ("books", _edition),
}


class DumpRejects(Rejects):
    """The line, and behind a further tab the reason."""

    def _add(self, file: IO[Any], rejected: Rejected) -> None:
        beside = as_json(members(rejected, "line"))
        file.write(f"{rejected.original}{NOTE}{beside}\n")


def _rows(source: Source, guess: Guess, wishes: Wishes) -> Iterator[Row | Rejected | Skipped]:
    return records(Lines(source, guess.encoding or "utf-8"))


def _is_dump(beginning: Beginning) -> bool:
    return re.match(r"/type/\w+\t/", beginning.start) is not None


DUMP = Format("openlibrary", "Open Library dump", _is_dump, _rows, DumpRejects, source=SOURCE)
