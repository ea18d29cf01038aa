"""The exporter: writes the catalog, or a part of it, from one snapshot of the database.

Records are read through server-side cursors and written batch by batch, so memory does not grow with their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from app.books.formats.bibliographic import Bibliographic
from app.core.formats import Representation
from app.core.query.pairs import Pairs
from app.core.query.parse import parse_query, refuse_pages
from app.core.query.query import Query
from app.core.records.stream import stream_headers
from app.core.resource import Resource
from app.core.sql.plan import plan_count, plan_list
from app.transfer.errors import UnsupportedExport
from app.transfer.records import RESOURCES, RecordKind
from extensions.database import Snapshot, Statement

from .formats import EXPORT_FORMATS, ExportFormat

EVERYTHING: tuple[RecordKind, ...] = ("authors", "books")  # in this order, because books name authors by id

_sort_names = Statement("SELECT id, sort_name FROM authors WHERE id = ANY(%(ids)s)")


@dataclass(frozen=True)
class ExportRequest:
    """The format, the kinds of records, and the query of an export."""

    format: ExportFormat
    kinds: tuple[RecordKind, ...]
    parameters: Pairs  # query parameters of the list: filters, sort, fields

    @property
    def has_fields(self) -> bool:
        """Whether the request selects fields."""
        return any(name == "fields" for name, _ in self.parameters)


@dataclass
class ExportProgress:
    """The progress of an export."""

    written: Counter[str] = field(default_factory=Counter)  # records by resource
    total: int | None = None  # records; None if they were not counted
    headers: dict[str, str] = field(default_factory=dict)  # of the whole catalog: those of a stream of this snapshot
    left_out: Counter[str] = field(default_factory=Counter)  # values that the format cannot hold, by description


def request_export(format_name: str, kind: str | None, parameters: Pairs) -> ExportRequest:
    """Return a valid request. Raises `UnsupportedExport`.

    Without a `kind`, NDJSON without parameters has all records; every other export has books.
    """
    if kind is None:
        kind = "all" if format_name == "ndjson" and not parameters else "books"
    kinds: tuple[RecordKind, ...] = EVERYTHING if kind == "all" else ("books",) if kind == "books" else ("authors",)
    request = ExportRequest(EXPORT_FORMATS[format_name], kinds, parameters)
    if request.format.is_bibliographic:
        if kinds != ("books",):
            raise UnsupportedExport(f"{format_name} holds only books. Export authors as ndjson, csv or tsv.")
        if request.has_fields:
            raise UnsupportedExport(f"{format_name} has fixed fields; --fields is for ndjson, csv and tsv.")
    elif len(kinds) > 1 and format_name != "ndjson":
        raise UnsupportedExport(
            f"A {format_name} file holds books or authors. Choose with --kind books or --kind authors."
        )
    elif len(kinds) > 1 and parameters:
        raise UnsupportedExport("Filters, --sort and --fields need --kind books or --kind authors.")
    return request


def export(request: ExportRequest, out: BinaryIO, progress: ExportProgress, *, count: bool = False) -> Iterator[None]:
    """Write records at each step of the iterator, and update `progress`.

    With `count`, the records are counted first. Raises ``InvalidQuery`` before anything is written, and
    ``DatabaseUnavailable``.
    """
    queries = [(RESOURCES[kind], _parse(request, RESOURCES[kind])) for kind in request.kinds]
    if request.kinds == EVERYTHING:
        progress.headers = dict(stream_headers(queries[0][0]))
    with Snapshot() as snapshot:
        if count:
            progress.total = sum(_count(snapshot, resource, query) for resource, query in queries)
        for resource, query in queries:
            representation = _representation(request, resource, query, snapshot)
            out.write(representation.head())
            plan = plan_list(resource, query)
            for documents in snapshot.pieces(plan.statement, plan.values):
                out.write(representation.records(documents))
                progress.written[resource.name] += len(documents)
                yield
            out.write(representation.tail())
            progress.written[resource.name] += 0  # so that the summary names a kind without records
            progress.left_out += representation.left_out


def _parse(request: ExportRequest, resource: Resource) -> Query:
    query = parse_query(resource, resource.name, request.parameters)
    refuse_pages(query)
    if request.format.is_table and not request.has_fields:
        # Another catalog sets the read-only fields itself. Without them, a table that is imported and exported again
        # does not change.
        return replace(query, fields=tuple(name for name in query.fields if not resource.fields[name].read_only))
    return query


def _representation(request: ExportRequest, resource: Resource, query: Query, snapshot: Snapshot) -> Representation:
    representation = request.format.representation
    if issubclass(representation, Bibliographic):
        return representation(_sort_names_in(snapshot))
    return representation(resource, query.fields)


def _sort_names_in(snapshot: Snapshot) -> Callable[[set[int]], Mapping[int, str]]:
    return lambda ids: {int(row[0]): str(row[1]) for row in snapshot.rows(_sort_names, {"ids": list(ids)})}


def _count(snapshot: Snapshot, resource: Resource, query: Query) -> int:
    plan = plan_count(resource, query)
    return int(snapshot.rows(plan.statement, plan.values)[0][0])
