"""The columns that an import fills: those of all writable fields of the models."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.dialects import postgresql

from app.authors.models import Author
from app.books.models import Book
from app.core.fields import Identifiers, Lines, fields_of


@dataclass(frozen=True)
class TargetColumns:
    """The columns of a table that an import fills, in addition to `identifiers`."""

    plain: tuple[str, ...]  # columns with one value
    lists: dict[str, int]  # maximum number of items, by array column
    types: dict[str, str]  # Postgres types, by column

    @property
    def names(self) -> tuple[str, ...]:
        """All columns in staging order."""
        return (*self.plain, *self.lists, "identifiers")

    @property
    def declarations(self) -> str:
        """All columns as SQL column definitions."""
        return ", ".join(f"{name} {self.types[name]}" for name in self.names)


def _columns_of(model: type[Author] | type[Book]) -> TargetColumns:
    fields = {name: field for name, field in fields_of(model).items() if not field.read_only}
    dialect = postgresql.dialect()
    return TargetColumns(
        tuple(name for name, field in fields.items() if not isinstance(field.type, Lines | Identifiers)),
        {name: field.type.most for name, field in fields.items() if isinstance(field.type, Lines)},
        {name: model.__table__.columns[name].type.compile(dialect) for name in fields},
    )


AUTHOR_COLUMNS = _columns_of(Author)
BOOK_COLUMNS = _columns_of(Book)
