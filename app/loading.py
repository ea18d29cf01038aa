"""The simple loader: a CSV whose columns are fields of the representation, through the validation of the API."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from extensions.database import transaction

from . import writing
from .problems import Problem, unknown_name
from .resource import Resource
from .vocabulary import Identifiers, Integer, Json, Kind, Lines, Number

CHUNK = 500  # rows that are stored together

Row = tuple[int, dict[str, Json]]  # the line where it ends, and the JSON object it stands for

_plain_number = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_with_role = re.compile(r"(.*\S)\s*\[([a-z]+)\]")


class UnreadableFile(Exception):
    """The file is no CSV of this resource; the sentence says why."""


@dataclass
class Report:
    """What became of the rows: `rejected` holds the line where each ends, and why it was left out."""

    read: int = 0
    stored: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


def load(resource: Resource, stream: BinaryIO, report: Report) -> Iterator[None]:
    """Store the rows of a CSV in UTF-8, a chunk at each step of the iterator, and count them in `report`.

    Raises `UnreadableFile` before anything is stored where the header cannot be used, and later where the file
    breaks off; the rows before that place are stored all the same.
    """
    reader = csv.DictReader(io.TextIOWrapper(stream, "utf-8-sig", newline=""), restkey="", strict=True)
    chunk: list[Row] = []
    try:
        _check_header(resource, list(reader.fieldnames or ()))
        for row in reader:
            report.read += 1
            if "" in row or None in row.values():
                report.rejected.append((reader.line_num, "The row has another number of cells than the header."))
            else:
                chunk.append((reader.line_num, _document(resource, row)))
            if len(chunk) == CHUNK:
                _store(resource, chunk, report)
                chunk = []
                yield
    except UnicodeDecodeError:
        line = reader.reader.line_num + 1
        raise UnreadableFile(f"The file is not UTF-8 (near line {line}); save it as UTF-8.") from None
    except csv.Error as error:
        raise UnreadableFile(f"The CSV breaks off at line {reader.reader.line_num}: {error}.") from None
    finally:
        _store(resource, chunk, report)
        report.rejected.sort()
    yield


def _check_header(resource: Resource, names: list[str]) -> None:
    allowed = [name for name, field in resource.fields.items() if not field.read_only]
    for name in names:
        if name not in allowed:
            raise UnreadableFile(unknown_name(name, allowed, "column"))
        if names.count(name) > 1:
            raise UnreadableFile(f"The column {name} stands twice.")
    for name in allowed:
        if resource.fields[name].required and name not in names:
            raise UnreadableFile(f"The column {name} is missing; the first line must name the columns.")


def _document(resource: Resource, row: dict[str, str]) -> dict[str, Json]:
    """The row as the JSON object that a POST would bear; an empty cell is unknown."""
    return {name: _cell(resource.fields[name].kind, value.strip()) for name, value in row.items() if value.strip()}


def _cell(kind: Kind, value: str) -> Json:
    if isinstance(kind, Integer | Number):
        return _number(value)
    if not isinstance(kind.empty, list | dict):
        return value
    items = [item.strip() for item in value.split(";") if item.strip()]
    if isinstance(kind, Identifiers):
        schemes: dict[str, list[str]] = {}
        for item in items:
            scheme, _, identifier = item.partition(":")
            schemes.setdefault(scheme, []).append(identifier)
        return schemes
    return items if isinstance(kind, Lines) else [_contributor(item) for item in items]


def _number(value: str) -> Json:
    """A number written plainly; anything else stays text, and is refused as such."""
    if not _plain_number.fullmatch(value):
        return value
    return float(value) if "." in value else int(value)


def _contributor(item: str) -> dict[str, str]:
    match = _with_role.fullmatch(item)
    return {"name": match[1], "role": match[2]} if match else {"name": item}


def _store(resource: Resource, chunk: list[Row], report: Report) -> None:
    """Store rows together, or, where one of them is refused, by halves until it stands alone and is reported."""
    if not chunk:
        return
    try:
        documents = [document for _, document in chunk]
        transaction(lambda session: writing.add(session, resource, documents, [""] * len(documents)), long=True)
        report.stored += len(chunk)
    except Problem as problem:
        if len(chunk) == 1:
            report.rejected.append((chunk[0][0], "; ".join(f"{f.name[1:]}: {f.detail}" for f in problem.faults)))
            return
        middle = len(chunk) // 2
        _store(resource, chunk[:middle], report)
        _store(resource, chunk[middle:], report)
