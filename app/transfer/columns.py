"""The columns that an import fills: those of all fields that can be written, as the models declare them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.dialects import postgresql

from app.authors.models import Author
from app.books.models import Book
from app.fields import fields_of
from app.vocabulary import Identifiers, Lines


@dataclass(frozen=True)
class Columns:
    """The columns of a table: `plain` ones hold one value, `lists` are arrays of at most so many items; besides there
    are `identifiers`. `types` are those of Postgres.
    """

    plain: tuple[str, ...]
    lists: dict[str, int]
    types: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in the order in which they are staged."""
        return (*self.plain, *self.lists, "identifiers")

    @property
    def declared(self) -> str:
        """All of them, declared as columns of another table."""
        return ", ".join(f"{name} {self.types[name]}" for name in self.names)


def _columns_of(model: type[Author] | type[Book]) -> Columns:
    fields = {name: field for name, field in fields_of(model).items() if not field.read_only}
    dialect = postgresql.dialect()
    return Columns(
        tuple(name for name, field in fields.items() if not isinstance(field.kind, Lines | Identifiers)),
        {name: field.kind.most for name, field in fields.items() if isinstance(field.kind, Lines)},
        {name: model.__table__.columns[name].type.compile(dialect) for name in fields},
    )


OF_AUTHORS = _columns_of(Author)
OF_BOOKS = _columns_of(Book)
