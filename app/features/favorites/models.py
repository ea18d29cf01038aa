"""Categories and favorites of accounts.

The attributes of a category are a column of its row, so a lock of the row also locks their definitions. The column
`former_books` is changed by the triggers of the migration: a favorite follows a book that is merged, and returns to it
when the merge is undone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    column,
    func,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns.expressions import fold, text_key
from app.core.columns.timestamps import created_at_column, updated_at_column
from app.core.fields import Field, Id, Line, Paragraphs, WholeNumber, described
from extensions.database import db

from .attributes.definitions import AttributeValues, Definitions

CATEGORIES_MOST = 200  # of an account
FAVORITES_MOST = 1_000  # in a category


class Category(db.Model):  # type: ignore[name-defined]
    """A row of ``categories``."""

    __tablename__ = "categories"

    id: Mapped[int] = mapped_column(
        BigInteger,
        Identity(),
        primary_key=True,
        info=described(Field(Id(), "The category's id", 1, read_only=True, filters=True, sorts=True)),
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(
        Text,
        info=described(
            Field(
                Line(),
                "The name, unique among the account's categories; case and accents do not matter",
                "Novels",
                required=True,
                filters=True,
                sorts=True,
            )
        ),
    )
    name_key: Mapped[str] = mapped_column(Text(collation="C"), Computed(text_key(column("name")), persisted=True))
    description: Mapped[str | None] = mapped_column(
        Text, info=described(Field(Paragraphs(), "What the category is for", "To read once more."))
    )
    attributes: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB,
        server_default=sql("'[]'"),
        info=described(
            Field(
                Definitions(),
                "The attributes that its favorites may have; `values` are those of an `enum`",
                [
                    {"key": "mood", "label": "Mood", "type": "enum", "values": ["hopeful", "dark"]},
                    {"key": "read_on", "type": "date"},
                ],
            )
        ),
    )
    created_at: Mapped[datetime] = created_at_column()
    updated_at: Mapped[datetime] = updated_at_column()

    __table_args__: Any = (
        CheckConstraint("name <> ''", name="name_not_empty"),
        CheckConstraint("jsonb_typeof(attributes) = 'array'", name="attributes_array"),
        UniqueConstraint("account_id", "id", name="uq_categories_account_id"),
        # The digest, because a name may be longer than an entry of an index.
        Index("uq_categories_name", column("account_id"), func.md5(fold(column("name"))), unique=True),
    )


class Favorite(db.Model):  # type: ignore[name-defined]
    """A row of ``favorites``."""

    __tablename__ = "favorites"

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(), primary_key=True, info=described(Field(Id(), "The favorite's id", 1, read_only=True))
    )
    account_id: Mapped[int] = mapped_column(BigInteger)
    category_id: Mapped[int] = mapped_column(BigInteger)
    ranking: Mapped[int] = mapped_column(
        Integer,
        info=described(
            Field(
                WholeNumber(1, FAVORITES_MOST),
                "The place in the category, from 1; by default the end. The favorites from there on move down",
                1,
                filters=True,
                sorts=True,
            )
        ),
    )
    title: Mapped[str] = mapped_column(
        Text,
        info=described(
            Field(
                Line(4000),
                "The title; that of the book by default, else required",
                "The Dispossessed",
                filters=True,
                sorts=True,
            )
        ),
    )
    title_key: Mapped[str] = mapped_column(Text(collation="C"), Computed(text_key(column("title")), persisted=True))
    description: Mapped[str | None] = mapped_column(
        Text, info=described(Field(Paragraphs(), "Notes about it", "The walls between worlds."))
    )
    book_id: Mapped[int | None] = mapped_column(ForeignKey("books.id", ondelete="SET NULL"))
    attributes: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        server_default=sql("'{}'"),
        info=described(
            Field(AttributeValues(), "The attributes that the category defines, by key", {"mood": "hopeful"})
        ),
    )
    # The merged books that the favorite was moved from, the latest last.
    former_books: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=sql("'{}'"), deferred=True)
    created_at: Mapped[datetime] = created_at_column()
    updated_at: Mapped[datetime] = updated_at_column()

    __table_args__: Any = (
        CheckConstraint("title <> ''", name="title_not_empty"),
        CheckConstraint("ranking >= 1", name="ranking_positive"),
        CheckConstraint("jsonb_typeof(attributes) = 'object'", name="attributes_object"),
        ForeignKeyConstraint(
            ["account_id", "category_id"],
            ["categories.account_id", "categories.id"],
            name="fk_favorites_category_id",
            ondelete="CASCADE",
        ),
        UniqueConstraint("category_id", "ranking", name="uq_favorites_ranking", deferrable=True, initially="IMMEDIATE"),
        Index(
            "uq_favorites_book_id",
            column("category_id"),
            column("book_id"),
            unique=True,
            postgresql_where=column("book_id").is_not(None),
        ),
        Index("ix_favorites_account_id", column("account_id"), column("ranking"), column("id")),
        Index("ix_favorites_book_id", column("book_id"), postgresql_where=column("book_id").is_not(None)),
        Index(
            "ix_favorites_former_book",
            sql("(former_books[cardinality(former_books)])"),
            postgresql_where=sql("cardinality(former_books) > 0"),
        ),
    )
