"""Authors: persons and organizations that contributed to books. Names are not unique, because homonyms exist."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Computed,
    Identity,
    Index,
    Integer,
    Text,
    column,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns.expressions import fold, name_identity, text_key
from app.core.columns.indexes import (
    date_indexes,
    identifiers_index,
    search_indexes,
    sorted_text_indexes,
    timestamp_indexes,
    trigram_index,
)
from app.core.columns.search import heading_column, words_column
from app.core.columns.timestamps import created_at_column, updated_at_column
from app.core.fields import Field, Id, Identifiers, Line, Lines, Paragraphs, PartialDate, described
from app.core.records.redirects import merges_table
from extensions.database import db


def folded_names(name: ColumnElement[str], alternate_names: ColumnElement[list[str]]) -> ColumnElement[str]:
    """Return all names of an author, folded, each between line breaks.

    ``lined`` is a database function.
    """
    return fold(func.lined(name, alternate_names, type_=Text))


AUTHOR_MERGES = merges_table("authors", "author")


class Author(db.Model):  # type: ignore[name-defined]
    """A row of ``authors``."""

    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(
        BigInteger,
        Identity(),
        primary_key=True,
        info=described(Field(Id(), "The author's id", 7, read_only=True, filters=True, sorts=True)),
    )
    name: Mapped[str] = mapped_column(
        Text,
        info=described(
            Field(
                Line(),
                "The name as it is commonly written",
                "Ursula K. Le Guin",
                required=True,
                filters=True,
                sorts=True,
            )
        ),
    )
    heading: Mapped[str] = heading_column("name")
    name_key: Mapped[str] = mapped_column(Text(collation="C"), Computed(text_key(column("name")), persisted=True))
    identity: Mapped[str] = mapped_column(Text(collation="C"), Computed(name_identity(column("name")), persisted=True))
    sort_name: Mapped[str] = mapped_column(
        Text,
        info=described(
            Field(
                Line(),
                "The name in filing order; derived from `name` unless it is given",
                "Le Guin, Ursula K.",
                filters=True,
                sorts=True,
            )
        ),
    )
    sort_name_key: Mapped[str] = mapped_column(
        Text(collation="C"), Computed(text_key(column("sort_name")), persisted=True)
    )
    alternate_names: Mapped[list[str]] = mapped_column(
        ARRAY(Text),
        server_default=text("'{}'"),
        info=described(
            Field(
                Lines(),
                "Other names and spellings, pen names, other scripts",
                ["Ursula Kroeber Le Guin", "Урсула Ле Гуин"],
            )
        ),
    )
    alternate_identities: Mapped[list[str]] = mapped_column(
        ARRAY(Text), Computed("name_keys(alternate_names)", persisted=True)
    )
    birth_date: Mapped[str | None] = mapped_column(
        Text,
        info=described(
            Field(PartialDate(), "Date of birth: a year, a month or a day", "1929-10-21", filters=True, sorts=True)
        ),
    )
    birth_date_key: Mapped[int | None] = mapped_column(
        Integer, Computed("partial_date_key(birth_date)", persisted=True)
    )
    death_date: Mapped[str | None] = mapped_column(
        Text,
        info=described(Field(PartialDate(), "Date of death: a year, a month or a day", "2018", filters=True)),
    )
    death_date_key: Mapped[int | None] = mapped_column(
        Integer, Computed("partial_date_key(death_date)", persisted=True)
    )
    biography: Mapped[str | None] = mapped_column(
        Text, info=described(Field(Paragraphs(), "A short biography", "American author of speculative fiction."))
    )
    identifiers: Mapped[dict[str, list[str]]] = mapped_column(
        JSONB,
        server_default=text("'{}'"),
        info=described(Field(Identifiers(), "Identifiers in other systems, by scheme", {"wikidata": ["Q181659"]})),
    )
    # All names as search words, each between line breaks. A search for books matches the names of their authors.
    names: Mapped[str] = mapped_column(
        Text, Computed("name_lines(name, sort_name, alternate_names)", persisted=True), deferred=True
    )
    words: Mapped[str] = words_column("search_words(name, name_lines(name, sort_name, alternate_names), '{}')")
    created_at: Mapped[datetime] = created_at_column()
    updated_at: Mapped[datetime] = updated_at_column()

    __table_args__: Any = (
        CheckConstraint("name <> ''", name="name_not_empty"),
        CheckConstraint("sort_name <> ''", name="sort_name_not_empty"),
        CheckConstraint("birth_date IS NULL OR birth_date_key IS NOT NULL", name="birth_date_valid"),
        CheckConstraint("death_date IS NULL OR death_date_key IS NOT NULL", name="death_date_valid"),
        CheckConstraint("cardinality(alternate_names) <= 200", name="alternate_names_most"),
        CheckConstraint("jsonb_typeof(identifiers) = 'object'", name="identifiers_object"),
        *sorted_text_indexes("authors", "name", "sort_name"),
        Index("ix_authors_identity", column("identity"), column("id")),
        Index("ix_authors_alternate_identities", column("alternate_identities"), postgresql_using="gin"),
        *date_indexes("authors", "birth_date_key", "death_date_key"),
        *timestamp_indexes("authors"),
        *search_indexes("authors"),
        Index(
            "ix_authors_id_hash", column("id"), postgresql_using="hash"
        ),  # for the contributors of the books on a page
        identifiers_index("authors"),
        trigram_index("authors", "names", folded_names(column("name"), column("alternate_names"))),
    )

    def __repr__(self) -> str:
        return f"<Author {self.id} {self.name!r}>"
