"""A resource: the declaration of an entity, from which the core derives its API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ColumnElement, Table, bindparam
from sqlalchemy.orm import DeclarativeBase, Session

from app.http.access.gate import current_identity
from extensions.cache import Area

from .columns.search import RANK_MOST, Search
from .fields import Faults, Field, FieldType, Filter, SearchText, WholeNumber, fields_of
from .parameters import LIST_PARAMETERS, RELEVANCE, SEARCH

OWNER = "owner"  # the SQL parameter of the account whose records a statement selects


@dataclass
class Draft:
    """A record to be stored, with its validated values."""

    record: Any  # an instance of the resource's model; it has no id if it is new
    values: dict[str, Any]  # the validated values by field; a patch has only those that it changes
    pointer: str = ""  # where the record is in the body ("", or ``/3`` in a batch), for later faults
    references: Any = None  # the result of `Resource.resolve_references`


class Resource:
    """A kind of record with URLs of its own.

    Each entity is a subclass that sets the attributes and overrides methods.
    """

    name: ClassVar[str]  # the plural, in paths
    noun: ClassVar[str]  # the singular, in sentences
    model: ClassVar[type[DeclarativeBase]]
    area: ClassVar[Area | None] = Area.CATALOG  # what its writes change; None: nothing that is cached
    owner: ClassVar[str | None] = None  # the column of the account that a record belongs to, if no other may see it
    default_sort: ClassVar[str] = "id"
    merges: ClassVar[Table | None] = None  # the table of merged records
    search: ClassVar[Search | None] = None  # how `q` is searched
    search_example: ClassVar[str] = ""
    parameters: ClassVar[tuple[str, ...]] = LIST_PARAMETERS  # of its list, besides filters
    patch_example: ClassVar[dict[str, Any]] = {}
    further_fields: ClassVar[Iterable[tuple[Field, str]]] = ()  # without a column; with the preceding member
    further_inputs: ClassVar[Iterable[Field]] = ()  # members of a body that the representation does not have
    further_filters: ClassVar[Iterable[Filter]] = ()  # not of a single column, or replacing the filter of one

    def resolve_references(self, session: Session, drafts: list[Draft], faults: Faults) -> None:
        """Look up the records that drafts refer to, for `save`.

        Adds a fault for each invalid reference.
        """

    def refuse_large_batch(self, documents: list[Any]) -> None:
        """Raise ``ContentTooLarge`` if a batch, not validated yet, takes too long to store."""

    def lock_before(self, session: Session, record_id: int, body: Any) -> None:
        """Take the locks that must precede the lock of a record.

        `body` is the body of the request.
        """

    def save(self, session: Session, drafts: list[Draft]) -> None:
        """Add drafts to the session. Raises `Conflict`."""
        for draft in drafts:
            for name, value in draft.values.items():
                setattr(draft.record, name, value)
            session.add(draft.record)

    @cached_property
    def table(self) -> Table:
        table = self.model.__table__
        assert isinstance(table, Table)
        return table

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The members of the representation by name, in their order."""
        fields = list(fields_of(self.model).values())
        for further, before in self.further_fields:
            index = next(index for index, field in enumerate(fields) if field.name == before)
            fields.insert(index + 1, further)
        return {field.name: field for field in fields}

    @cached_property
    def inputs(self) -> dict[str, Field]:
        """The members that a body may set, by name."""
        writable = {name: field for name, field in self.fields.items() if not field.read_only}
        return {**{field.name: field for field in self.further_inputs}, **writable}

    @property
    def owner_conditions(self) -> list[ColumnElement[bool]]:
        """The condition that excludes the records of other accounts, if records belong to accounts."""
        return [self.table.c[self.owner] == bindparam(OWNER, type_=BigInteger)] if self.owner else []

    def owner_values(self) -> dict[str, Any]:
        """Return the value of the parameter of `owner_conditions`: the account of the current request."""
        return {OWNER: current_identity().account_id} if self.owner else {}

    @cached_property
    def filters(self) -> dict[str, Filter]:
        """The filters of a list by name."""
        declared = [field.as_filter() for field in self.fields.values() if field.filters]
        search = [self._search_filter(self.search)] if self.search else []
        return {filter_.name: filter_ for filter_ in (*declared, *self.further_filters, *search)}

    def _search_filter(self, search: Search) -> Filter:
        type_ = SearchText(isbns=search.isbn is not None)
        help_ = (
            'Words to search for, of which the last may be incomplete; "an exact phrase"; -excluded; or an ISBN. Case '
            "and accents are ignored. The best matches come first unless `sort` is given. If nothing matches, a "
            "corrected spelling is searched for (`meta.match`, `meta.did_you_mean`)"
        )
        return Filter(SEARCH, type_, type_.operators, help_, self.search_example)

    @cached_property
    def sorts(self) -> tuple[str, ...]:
        """The names that a list can be sorted by."""
        return tuple(field.name for field in self.fields.values() if field.sorts)

    def sort_type(self, name: str) -> FieldType:
        """Return the type of the values that a list is sorted by."""
        return WholeNumber(0, RANK_MOST) if name == RELEVANCE else self.fields[name].type

    @cached_property
    def covered(self) -> frozenset[str]:
        """The fields whose indexes include each other (see `indexes.timestamp_indexes`)."""
        return frozenset(name for name, field in self.fields.items() if name == "id" or field.type.order == "timestamp")
