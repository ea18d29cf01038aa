"""JSON of our own representation: a record in each line (NDJSON), or all of them in one array (RFC 8259)."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import IO, Any

from app.transfer.guess import Beginning, Guess, Wishes
from app.transfer.records import Credit, Flaw, Key, Kind, Rejected, Row
from app.transfer.rejects import Rejects, as_json, members
from app.transfer.sources import BreaksOff, Source

from .format import Format
from .lines import CHUNK, LONGEST, SHOWN, Lines, text_of

NOTE = "rejected"  # the member that `rejects` adds to a record, which is not looked at
_READ_ONLY = ("id", "created_at", "updated_at")
_CONTRIBUTOR = frozenset({"id", "name", "role", "credited_as"})

_between = re.compile(r"[\s,]*")
_token = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)
CERTAIN = 32  # characters before the end of what was read, up to which a mistake is one, and not the cut


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member {twice!r} stands twice")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


decoder = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_constant)


class Records:
    """Makes rows of JSON values.

    `kind` is that of records of which their members do not say it. `source` names ids, if there is one: ids of another
    catalog mean nothing in this one. `restore`: the members go on as they are, ids among them.
    """

    def __init__(self, kind: Kind, source: str | None, *, restore: bool = False) -> None:
        self.kind, self.source, self.restore = kind, source, restore

    def row(self, place: int, value: Any, original: str) -> Row | Rejected:
        """The row of one value, which is to be an object."""
        if isinstance(value, dict) and NOTE in value:
            note = value.pop(NOTE)
            if not value and isinstance(note, dict) and isinstance(note.get("original"), str):
                # What was no JSON stands in the note, to be mended there.
                return self.parsed(place, note["original"])
        if not isinstance(value, dict):
            return Rejected(place, original, [Flaw("", original[:SHOWN], "A record is a JSON object.")])
        kind = kind_of(value) or self.kind
        if self.restore:
            return Row(place, kind, value, original)
        key = None
        fields = {name: one for name, one in value.items() if one is not None and name not in _READ_ONLY}
        if self.source and value.get("id") is not None:
            key = Key(self.source, str(value["id"]))
        if isinstance(fields.get("authors"), list):
            fields["authors"] = self._credits(fields["authors"])
        if kind == "authors" and isinstance(fields.get("name"), str):
            fields["person"] = Credit(fields.pop("name"))
            fields = {"person": fields.pop("person"), **fields}
        return Row(place, kind, fields, original, key)

    def parsed(self, place: int, text: str) -> Row | Rejected:
        """The row of a JSON text."""
        try:
            value = decoder.decode(text)
        except (ValueError, RecursionError) as error:
            return Rejected(place, text, [Flaw("", text[:SHOWN], f"This is no JSON: {error}.")])
        return self.row(place, value, text)

    def _credits(self, authors: list[Any]) -> list[Any]:
        """The contributors, or the list as it is where it is not of the representation."""
        found = []
        for item in authors:
            if not isinstance(item, dict) or not item.keys() <= _CONTRIBUTOR:
                return authors
            name, role, credited_as = item.get("name"), item.get("role"), item.get("credited_as")
            if not all(isinstance(one, str | None) for one in (name, role, credited_as)):
                return authors
            key = Key(self.source, str(item["id"])) if self.source and item.get("id") is not None else None
            if name is None and key is None:
                return authors
            found.append(Credit(name, role, key, False, credited_as))
        return found


def kind_of(value: Any) -> Kind | None:
    """What a JSON value is a record of, by its members; None if they do not say it."""
    if isinstance(value, dict):
        if "title" in value:
            return "books"
        if "name" in value:
            return "authors"
    return None


def ndjson(lines: Lines, records: Records) -> Iterator[Row | Rejected]:
    """A record of each line that is not blank."""
    for line in lines:
        if lines.rejected:
            yield from lines.taken()
        text = line.strip()
        if text:
            yield records.parsed(lines.number, text)
    yield from lines.taken()


def array(source: Source, encoding: str, records: Records) -> Iterator[Row | Rejected]:
    """The records of an array, one after the other. Raises `BreaksOff` where it cannot be followed further."""
    items = _Items(text_of(source, encoding))
    number = 0
    while (item := items.next(number)) is not None:
        number += 1
        text, value, mistake = item
        if mistake:
            yield Rejected(number, text, [Flaw("", text[:SHOWN], f"This is no JSON: {mistake}.")])
        else:
            yield records.row(number, value, text)


class _Items:
    """The items of a JSON array that is read piece by piece; the whole of it is never in memory."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._buffer, self._at, self._ended = "", 0, False
        self._skip()
        self._at += 1  # the bracket

    def next(self, number: int) -> tuple[str, Any, str] | None:
        """The text and value of the next item, or what is wrong with it; None at the end.

        `number` items came before.
        """
        if not self._skip():
            raise BreaksOff(f"The array is not closed: the file is cut off after record {number:,}.")
        if self._buffer[self._at] == "]":
            self._at += 1
            if self._skip():
                raise BreaksOff(f"Something follows the array, after record {number:,}.")
            return None
        while True:
            mistake, certain, value, end = self._parse()
            if not mistake and (end < len(self._buffer) or self._ended):
                break
            if not certain and self._more():
                continue
            found = _end_of(self._buffer, self._at)
            if found is not None:
                end = found
                break
            if not self._more():
                if self._ended:
                    why = mistake if certain and mistake else "the file is cut off there"
                else:
                    why = f"the next one has more than {LONGEST:,} characters, or its brackets do not match"
                raise BreaksOff(f"The array cannot be read beyond record {number:,}: {why}. What came before stands.")
        text, self._at = self._buffer[self._at : end], end
        return text, value, mistake

    def _parse(self) -> tuple[str, bool, Any, int]:
        """What is wrong with what comes next, if anything; whether more text cannot mend it; the value, and its end."""
        try:
            value, end = decoder.raw_decode(self._buffer, self._at)
        except json.JSONDecodeError as error:
            # What is wrong near the end of the buffer, or an open string, may be due to the cut.
            is_certain = error.pos < len(self._buffer) - CERTAIN and not error.msg.startswith("Unterminated")
            return error.msg, is_certain, None, self._at
        except (ValueError, RecursionError) as error:
            return str(error), True, None, self._at
        return "", False, value, end

    def _skip(self) -> bool:
        """Pass over white space and commas; whether anything follows."""
        while True:
            self._at = _between.match(self._buffer, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._buffer):
                return True
            if not self._more():
                return False

    def _more(self) -> bool:
        """Read further, as much again as there is; whether there was more, within the bounds of a record."""
        kept = len(self._buffer) - self._at
        piece = self._text.read(max(CHUNK, kept)) if not self._ended and kept < LONGEST else ""
        self._ended = self._ended or (not piece and kept < LONGEST)
        self._buffer, self._at = self._buffer[self._at :] + piece, 0
        return bool(piece)


def _end_of(text: str, start: int) -> int | None:
    """Where the object ends that begins at `start`, by its brackets; None if that is not in the text."""
    depth = 0
    for match in _token.finditer(text, start):
        if match[0] in "{[":
            depth += 1
        elif match[0] in "}]":
            depth -= 1
            if depth < 0:
                return match.start() if match.start() > start else None
            if not depth:
                return match.end()
    return None


class LinesRejects(Rejects):
    """A JSON object in each line; what is no object stands in the note."""

    def _add(self, file: IO[Any], rejected: Rejected) -> None:
        file.write(self._document(rejected) + "\n")

    def _document(self, rejected: Rejected) -> str:
        beside = members(rejected, self.guess.counted_in)
        try:
            document = decoder.decode(rejected.original)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict):
            document.pop(NOTE, None)
            return as_json({**document, NOTE: beside})
        return as_json({NOTE: {**beside, "original": rejected.original}})


class ArrayRejects(LinesRejects):
    """The same as one array."""

    def _begin(self) -> IO[Any]:
        file = super()._begin()
        self._mark = "[\n"
        return file

    def _add(self, file: IO[Any], rejected: Rejected) -> None:
        file.write(self._mark + self._document(rejected))
        self._mark = ",\n"

    def _end(self, file: IO[Any]) -> None:
        file.write("\n]\n")


def _records(source: Source, guess: Guess, wishes: Wishes) -> Records:
    start = Beginning(source.head, guess.encoding).start.removeprefix("[").lstrip()
    try:
        first, _ = decoder.raw_decode(start)
    except (ValueError, RecursionError):
        first = None
    return Records(kind_of(first) or "books", wishes.source, restore=wishes.restore)


def _array(source: Source, guess: Guess, wishes: Wishes) -> Iterator[Row | Rejected]:
    return array(source, guess.encoding or "utf-8", _records(source, guess, wishes))


def _lines(source: Source, guess: Guess, wishes: Wishes) -> Iterator[Row | Rejected]:
    return ndjson(Lines(source, guess.encoding or "utf-8"), _records(source, guess, wishes))


def _is_array(beginning: Beginning) -> bool:
    return re.match(r"\[\s*[{\]]", beginning.start) is not None


def _is_object(beginning: Beginning) -> bool:
    return beginning.start.startswith("{")


ARRAY = Format("json", "JSON array", _is_array, _array, ArrayRejects, source="catalog", counted_in="record")
LINES = Format("ndjson", "NDJSON", _is_object, _lines, LinesRejects, source="catalog")
