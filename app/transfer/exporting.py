"""The catalog, or a part of it, written out in one of the formats: everything of one moment.

Records are read through cursors of the server and written some at a time; memory does not grow with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from app import counts, query, shapes, statements
from app.query import Pairs, Query
from app.representations import Csv, Representation
from app.resource import Resource
from extensions.snapshot import Snapshot
from extensions.statement import Statement

from .records import RESOURCES, Kind
from .writers import FORMATS, Bibliographic

EVERYTHING: tuple[Kind, ...] = ("authors", "books")  # authors first: books name them by id

_sort_names = Statement("SELECT id, sort_name FROM authors WHERE id = ANY(%(ids)s)")


class Unsuitable(Exception):
    """What is asked for cannot be had in this format; the sentence says why."""


@dataclass(frozen=True)
class Wanted:
    """What is to be written: the format, the kinds of records, and what is asked of them, as a list's parameters."""

    format: str
    kinds: tuple[Kind, ...]
    pairs: Pairs

    @property
    def holds_columns(self) -> bool:
        """Whether the format is a table."""
        return issubclass(FORMATS[self.format][0], Csv)


@dataclass
class Progress:
    """How many records of each kind are written, of how many if they were counted; what the format had no place for."""

    written: Counter[str] = field(default_factory=Counter)
    total: int | None = None
    left_out: Counter[str] = field(default_factory=Counter)


def wanted(format_: str, kind: str | None, pairs: Pairs) -> Wanted:
    """What is wanted, as far as it can be had. Raises `Unsuitable`.

    Without a `kind`, NDJSON holds everything, unless something is asked of the books.
    """
    if kind is None:
        kind = "all" if format_ == "ndjson" and not pairs else "books"
    kinds: tuple[Kind, ...] = EVERYTHING if kind == "all" else ("books",) if kind == "books" else ("authors",)
    if issubclass(FORMATS[format_][0], Bibliographic):
        if kinds != ("books",):
            raise Unsuitable(f"{format_} holds books alone. Authors can be had as ndjson, csv and tsv.")
        if any(name == "fields" for name, _ in pairs):
            raise Unsuitable(f"{format_} has fields of its own; --fields is of ndjson, csv and tsv.")
    elif len(kinds) > 1 and format_ != "ndjson":
        raise Unsuitable(f"A {format_} file holds books or authors: say which by --kind.")
    elif len(kinds) > 1 and pairs:
        raise Unsuitable("Filters, --sort and --fields are of books or of authors: say which by --kind.")
    return Wanted(format_, kinds, pairs)


def export(asked: Wanted, out: BinaryIO, progress: Progress, *, count: bool = False) -> Iterator[None]:
    """Write what is wanted, some records at each step of the iterator, and tell `progress`; `count`: count them before.

    Raises ``InvalidQuery`` before anything is written, and ``DatabaseUnavailable``.
    """
    parts = [(RESOURCES[kind], _query(asked, RESOURCES[kind])) for kind in asked.kinds]
    with Snapshot() as snapshot:
        if count:
            progress.total = sum(_count(snapshot, resource, part) for resource, part in parts)
        for resource, part in parts:
            form = _form(asked, resource, part, snapshot)
            out.write(form.head())
            statement = statements.everything(resource, shapes.of(resource, part))
            for documents in snapshot.pieces(statement, shapes.values_of(part)):
                out.write(form.records(documents))
                progress.written[resource.name] += len(documents)
                yield
            out.write(form.tail())
            progress.written[resource.name] += 0  # there may be none
            progress.left_out += form.left_out


def _query(asked: Wanted, resource: Resource) -> Query:
    found = query.parse(resource, resource.name, asked.pairs)
    query.refuse_pages(found)
    if asked.holds_columns and not any(name == "fields" for name, _ in asked.pairs):
        # What another catalog gives its own of: without them, a file that was read in and written out is the same.
        return replace(found, fields=tuple(name for name in found.fields if not resource.fields[name].read_only))
    return found


def _form(asked: Wanted, resource: Resource, part: Query, snapshot: Snapshot) -> Representation:
    kind = FORMATS[asked.format][0]
    if issubclass(kind, Bibliographic):
        return kind(_names_in(snapshot))
    return kind(resource, part.fields)


def _names_in(snapshot: Snapshot) -> Callable[[set[int]], Mapping[int, str]]:
    return lambda ids: {int(row[0]): str(row[1]) for row in snapshot.rows(_sort_names, {"ids": list(ids)})}


def _count(snapshot: Snapshot, resource: Resource, part: Query) -> int:
    rows = counts.rows_of(resource, shapes.of(resource, part).conditions)
    counted = Statement(f"SELECT count(*) FROM ({rows.sql}) AS found", rows.constants)
    return int(snapshot.rows(counted, shapes.values_of(part))[0][0])
