"""The simple loader: a CSV whose columns are fields of the representation, through the validation of the API."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from extensions.database import transaction

from . import validation
from .problems import Problem, unknown_name
from .resource import Draft, Resource
from .vocabulary import Faults, Identifiers, Integer, Json, Kind, Lines, Number

CHUNK = 500  # rows that are stored together

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
    breaks off; what was stored until then stays.
    """
    reader = csv.DictReader(io.TextIOWrapper(stream, "utf-8-sig", newline=""), restkey="", strict=True)
    try:
        _check_header(resource, reader.fieldnames or ())
        chunk: list[tuple[int, dict[str, Json]]] = []
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
        _store(resource, chunk, report)
        yield
    except UnicodeDecodeError:
        raise UnreadableFile(f"The file is not UTF-8 (near line {reader.line_num + 1}); save it as UTF-8.") from None
    except csv.Error as error:
        raise UnreadableFile(f"The CSV breaks off at line {reader.line_num}: {error}.") from None


def _check_header(resource: Resource, names: Any) -> None:
    allowed = [name for name, field in resource.fields.items() if not field.read_only]
    for name in names:
        if name not in allowed:
            raise UnreadableFile(unknown_name(name, allowed, "column"))
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
    for read in (int, float):
        try:
            return read(value)
        except ValueError:
            continue
    return value


def _contributor(item: str) -> dict[str, str]:
    match = _with_role.fullmatch(item)
    return {"name": match[1], "role": match[2]} if match else {"name": item}


def _store(resource: Resource, chunk: list[tuple[int, dict[str, Json]]], report: Report) -> None:
    """Store rows together, or, where one of them is refused, by halves until it stands alone and is reported."""
    if not chunk:
        return
    try:
        transaction(lambda session: _insert(session, resource, chunk))
        report.stored += len(chunk)
    except Problem as problem:
        if problem.status == 503:
            raise
        if len(chunk) == 1:
            report.rejected.append((chunk[0][0], "; ".join(f"{f.name[1:]}: {f.detail}" for f in problem.faults)))
            return
        middle = len(chunk) // 2
        _store(resource, chunk[:middle], report)
        _store(resource, chunk[middle:], report)


def _insert(session: Session, resource: Resource, chunk: list[tuple[int, dict[str, Json]]]) -> None:
    faults = Faults()
    drafts = []
    for _, document in chunk:
        values = validation.created(resource, document, "", faults)
        drafts.append(Draft(resource.model(), values))
    validation.checked(faults)
    resource.save(session, drafts)
