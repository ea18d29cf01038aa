"""A resource: what the core knows of an entity, as a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import DeclarativeBase, Session

from .fields import Field, Filter, fields_of, filter_of
from .query import RELEVANCE, SEARCH
from .search import RANK_MOST, Search
from .vocabulary import Faults, Integer, Kind, SearchText


@dataclass
class Draft:
    """A record about to be written, with its validated `values` (those left out of a patch are missing).

    `pointer` is where it stands in the body ("" or ``/3`` in a batch), for faults that show only here; `references`
    is what `Resource.refer` found for it.
    """

    record: Any
    values: dict[str, Any]
    pointer: str = ""
    references: Any = None


def _locks_nothing(session: Session, record_id: int, document: Any) -> None:
    """What `lock_first` is for an entity that nothing is kept beside."""


def _refers_to_nothing(session: Session, drafts: list[Draft], faults: Faults) -> None:
    """What `refer` is for an entity without references."""


@dataclass(frozen=True, eq=False)
class Resource:
    """`name` is the plural in paths; `noun` the singular in sentences.

    `refer` looks up what the drafts of one request refer to, adds a fault for each reference that is wrong, and
    leaves what it found in `Draft.references`; `save` then brings the drafts into the session, or raises `Conflict`.
    `lock_first` takes the locks that must be held before that of a record (by its id, and what was sent for it).
    `further_fields` are members that are no column, each with the name of the member it stands behind;
    `further_filters` are filters that are no field. `search` says what records are found by. `merges` is the table of
    what became of records that were merged into others. `patch_example` shows a change in the documentation,
    `search_example` a question.
    """

    name: str
    noun: str
    model: type[DeclarativeBase]
    save: Callable[[Session, list[Draft]], None]
    refer: Callable[[Session, list[Draft], Faults], None] = _refers_to_nothing
    lock_first: Callable[[Session, int, Any], None] = _locks_nothing
    further_fields: Iterable[tuple[Field, str]] = ()
    further_filters: Iterable[Filter] = ()
    merges: Table | None = None
    patch_example: dict[str, Any] = field(default_factory=dict)
    search: Search | None = None
    search_example: str = ""

    @cached_property
    def table(self) -> Table:
        table = self.model.__table__
        assert isinstance(table, Table)
        return table

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The members of the representation, in their order."""
        found = list(fields_of(self.model).values())
        for further, before in self.further_fields:
            place = next(place for place, known in enumerate(found) if known.name == before)
            found.insert(place + 1, further)
        return {field.name: field for field in found}

    @cached_property
    def filters(self) -> dict[str, Filter]:
        """The filters of a list, by name."""
        declared = [filter_of(field) for field in self.fields.values() if field.filters]
        questions = [self._question(self.search)] if self.search else []
        return {filter_.name: filter_ for filter_ in (*declared, *self.further_filters, *questions)}

    def _question(self, search: Search) -> Filter:
        kind = SearchText(numbers=search.number is not None)
        help_ = (
            'Words to search for, the last one perhaps unfinished; "an exact phrase", -without; case and accents do '
            "not matter, an ISBN finds its book. The best matches come first unless `sort` is given. Where nothing "
            "matches, what was probably meant is searched for (`meta.match`, `meta.did_you_mean`)"
        )
        return Filter(SEARCH, kind, kind.operators, help_, self.search_example)

    @cached_property
    def searched(self) -> Search:
        """What records are found by, where there is a filter for it."""
        assert self.search is not None
        return self.search

    @cached_property
    def indexed_together(self) -> frozenset[str]:
        """The fields of which each has an index that holds the others, too (see `indexes.moment_indexes`)."""
        return frozenset(name for name, field in self.fields.items() if name == "id" or field.kind.order == "timestamp")

    def kind_of(self, sort: str) -> Kind:
        """The kind of the values that a list is sorted by."""
        return Integer(0, RANK_MOST) if sort == RELEVANCE else self.fields[sort].kind

    @cached_property
    def sorts(self) -> tuple[str, ...]:
        """The names that a list can be sorted by."""
        return tuple(field.name for field in self.fields.values() if field.sorts)
