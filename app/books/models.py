"""Books and the contributions of authors to them. Each book is one edition."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns.expressions import name_identity, text_key
from app.core.columns.indexes import (
    array_index,
    date_indexes,
    identifiers_index,
    number_indexes,
    search_indexes,
    sorted_text_indexes,
    text_indexes,
    timestamp_indexes,
    trigram_index,
)
from app.core.columns.search import heading_column, words_column
from app.core.columns.timestamps import created_at_column, updated_at_column
from app.core.fields import (
    Field,
    Id,
    Identifiers,
    Isbn,
    Language,
    Line,
    Lines,
    Number,
    Paragraphs,
    PartialDate,
    Url,
    WholeNumber,
    described,
)
from app.core.records.redirects import merges_table
from extensions.database import db

ROLES = (
    "author",
    "editor",
    "translator",
    "illustrator",
    "narrator",
    "compiler",
    "adapter",
    "photographer",
    "introduction",
    "contributor",
)

BOOK_MERGES = merges_table("books", "book")


class Book(db.Model):  # type: ignore[name-defined]
    """A row of ``books``."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(
        BigInteger,
        Identity(),
        primary_key=True,
        info=described(Field(Id(), "The book's id", 42, read_only=True, filters=True, sorts=True)),
    )
    title: Mapped[str] = mapped_column(
        Text,
        info=described(
            Field(
                Line(4000),
                "The title, as on the title page",
                "The Left Hand of Darkness",
                required=True,
                filters=True,
                sorts=True,
            )
        ),
    )
    heading: Mapped[str] = heading_column("title")
    title_key: Mapped[str] = mapped_column(Text(collation="C"), Computed(text_key(column("title")), persisted=True))
    subtitle: Mapped[str | None] = mapped_column(
        Text, info=described(Field(Line(), "The subtitle", "50th Anniversary Edition", filters=True))
    )
    isbn: Mapped[str | None] = mapped_column(
        Text,
        unique=True,
        info=described(
            Field(
                Isbn(),
                "The ISBN, in any form; stored as 13 digits, and unique among books",
                "9780441478125",
                filters=True,
            )
        ),
    )
    published: Mapped[str | None] = mapped_column(
        Text,
        info=described(
            Field(PartialDate(), "Date of publication: a year, a month or a day", "1969-03", filters=True, sorts=True)
        ),
    )
    published_key: Mapped[int | None] = mapped_column(Integer, Computed("partial_date_key(published)", persisted=True))
    publisher: Mapped[str | None] = mapped_column(
        Text, info=described(Field(Line(), "The publisher", "Ace Books", filters=True))
    )
    language: Mapped[str | None] = mapped_column(
        Text, info=described(Field(Language(), "The language of the text (BCP 47)", "en", filters=True))
    )
    page_count: Mapped[int | None] = mapped_column(
        Integer, info=described(Field(WholeNumber(1, 100_000), "Number of pages", 304, filters=True, sorts=True))
    )
    description: Mapped[str | None] = mapped_column(
        Text, info=described(Field(Paragraphs(), "What the book is about", "An envoy alone on a world of winter."))
    )
    series: Mapped[str | None] = mapped_column(
        Text, info=described(Field(Line(), "The series it belongs to", "Hainish Cycle", filters=True))
    )
    series_position: Mapped[float | None] = mapped_column(
        Float,
        info=described(
            Field(Number(0, 100_000), "The position in the series, such as 2 or 1.5", 4, filters=True, sorts=True)
        ),
    )
    subjects: Mapped[list[str]] = mapped_column(
        ARRAY(Text),
        server_default=text("'{}'"),
        info=described(
            Field(
                Lines(200, 500),
                "Subject headings",
                ["Science fiction", "Gender"],
                filters=True,
            )
        ),
    )
    cover_url: Mapped[str | None] = mapped_column(
        Text,
        info=described(Field(Url(), "The URL of an image of the cover", "https://covers.example/9780441478125.jpg")),
    )
    identifiers: Mapped[dict[str, list[str]]] = mapped_column(
        JSONB,
        server_default=text("'{}'"),
        info=described(
            Field(
                Identifiers(),
                "Identifiers in other systems, by scheme; further ISBNs are under `isbn`",
                {"openlibrary": ["OL7353617M"]},
            )
        ),
    )
    # All names of all contributors. Triggers keep it up to date; an insert sets it to save the trigger a second write.
    contributors: Mapped[str] = mapped_column(Text, server_default="", deferred=True)
    words: Mapped[str] = words_column(
        "search_words(title, contributors, ARRAY[subtitle, series, publisher] || subjects)"
    )
    created_at: Mapped[datetime] = created_at_column()
    updated_at: Mapped[datetime] = updated_at_column("When the record or its list of contributors last changed")

    __table_args__: Any = (
        CheckConstraint("title <> ''", name="title_not_empty"),
        CheckConstraint("isbn ~ '^97[89][0-9]{10}$'", name="isbn_digits"),
        CheckConstraint("published IS NULL OR published_key IS NOT NULL", name="published_valid"),
        CheckConstraint("page_count BETWEEN 1 AND 100000", name="page_count_range"),
        CheckConstraint("series_position BETWEEN 0 AND 100000", name="series_position_range"),
        CheckConstraint("cardinality(subjects) <= 200", name="subjects_most"),
        CheckConstraint("jsonb_typeof(identifiers) = 'object'", name="identifiers_object"),
        *sorted_text_indexes("books", "title"),
        *text_indexes("books", "subtitle", "publisher", "language", "series"),
        *date_indexes("books", "published_key"),
        *number_indexes("books", "page_count"),
        *number_indexes("books", "series_position", type_=Float()),
        array_index("books", "subjects"),
        identifiers_index("books"),
        *timestamp_indexes("books"),
        *search_indexes("books"),
    )

    def __repr__(self) -> str:
        return f"<Book {self.id} {self.title!r}>"


class Contribution(db.Model):  # type: ignore[name-defined]
    """A row of ``contributions``: an author in a role, at a position in a book."""

    __tablename__ = "contributions"

    book_id: Mapped[int] = mapped_column(ForeignKey("books.id", ondelete="CASCADE"), primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    credited_as: Mapped[str | None] = mapped_column(Text)

    __table_args__: Any = (
        CheckConstraint("role IN ({})".format(", ".join(f"'{role}'" for role in ROLES)), name="role_known"),
        CheckConstraint("position >= 0", name="position_positive"),
        Index("ix_contributions_author_id", "author_id", "book_id"),
        Index("ix_contributions_role", "role", "book_id"),
        Index(
            "ix_contributions_credited_as_identity",
            name_identity(column("credited_as")),
            postgresql_where=column("credited_as").is_not(None),
        ),
        trigram_index("contributions", "credited_as", postgresql_where=column("credited_as").is_not(None)),
    )

    def __repr__(self) -> str:
        return f"<Contribution of author {self.author_id} to book {self.book_id} as {self.role}>"
