"""The plain Flask design: Flask-SQLAlchemy models, `jsonify`, and Flask-Caching's decorator on the views."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from flask import Flask, Response, abort, jsonify, request
from flask_caching import Cache
from flask_sqlalchemy import SQLAlchemy
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import DateTime, ForeignKey, Text, func, literal_column, make_url, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload


class Base(DeclarativeBase):
    pass


app = Flask(__name__)
app.json.sort_keys = False
app.config["SQLALCHEMY_DATABASE_URI"] = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg2")
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": int(os.environ.get("POOL", 8)), "max_overflow": 0}
app.config["CACHE_TYPE"] = "SimpleCache" if os.environ.get("CACHE") == "on" else "NullCache"
app.config["CACHE_NO_NULL_WARNING"] = True
db = SQLAlchemy(app, model_class=Base, session_options={"expire_on_commit": False})
cache = Cache(app)

MAX_LIMIT = 100
CACHE_SECONDS = int(os.environ.get("CACHE_SECONDS", "10"))


class Author(db.Model):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    sort_name: Mapped[str]


class Contribution(db.Model):
    __tablename__ = "contributions"

    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"), primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    credited_as: Mapped[str | None]
    author: Mapped[Author] = relationship()

    def to_dict(self) -> dict[str, Any]:
        return {"id": self.author.id, "name": self.author.name, "role": self.role, "credited_as": self.credited_as}


class Book(db.Model):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    subtitle: Mapped[str | None]
    isbn: Mapped[str | None]
    published: Mapped[str | None]
    publisher: Mapped[str | None]
    language: Mapped[str | None]
    page_count: Mapped[int | None]
    description: Mapped[str | None]
    series: Mapped[str | None]
    series_position: Mapped[float | None]
    subjects: Mapped[list[str]] = mapped_column(ARRAY(Text))
    cover_url: Mapped[str | None]
    identifiers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    contributions: Mapped[list[Contribution]] = relationship(order_by=Contribution.position)

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "subtitle": self.subtitle,
            "isbn": self.isbn,
            "published": self.published,
            "publisher": self.publisher,
            "language": self.language,
            "page_count": self.page_count,
            "description": self.description,
            "series": self.series,
            "series_position": self.series_position,
            "subjects": self.subjects,
            "cover_url": self.cover_url,
            "identifiers": self.identifiers,
            "authors": [contribution.to_dict() for contribution in self.contributions],
            "created_at": self.created_at.isoformat(),
            "updated_at": self.updated_at.isoformat(),
        }


WITH_AUTHORS = selectinload(Book.contributions).joinedload(Contribution.author, innerjoin=True)


class NewContributor(BaseModel):
    name: str = Field(min_length=1, max_length=1000)


class NewBook(BaseModel):
    title: str = Field(min_length=1, max_length=4000)
    subtitle: str | None = None
    isbn: str | None = Field(None, pattern=r"^97[89][0-9]{10}$")
    published: str | None = None
    publisher: str | None = None
    language: str | None = None
    page_count: int | None = Field(None, ge=1, le=100_000)
    description: str | None = None
    series: str | None = None
    series_position: float | None = Field(None, ge=0, le=100_000)
    subjects: list[str] = Field([], max_length=200)
    cover_url: str | None = None
    identifiers: dict[str, list[str]] = {}
    authors: list[NewContributor] = Field([], max_length=200)


@app.get("/books")
@cache.cached(timeout=CACHE_SECONDS, query_string=True)
def list_books() -> Response:
    limit = request.args.get("limit", 20, type=int)
    after = request.args.get("after", type=int)
    if not 1 <= limit <= MAX_LIMIT:
        abort(400)
    query = select(Book).options(WITH_AUTHORS).order_by(Book.id).limit(limit + 1)
    if after is not None:
        query = query.where(Book.id > after)
    books = db.session.scalars(query).all()
    page = books[:limit]
    here = f"/books?limit={limit}"
    return jsonify(
        data=[book.to_dict() for book in page],
        meta={"count": len(page), "limit": limit},
        links={
            "self": here if after is None else f"{here}&after={after}",
            "next": f"{here}&after={page[-1].id}" if len(books) > limit else None,
            "prev": None,
        },
    )


@app.get("/books/<int:book_id>")
@cache.cached(timeout=CACHE_SECONDS, query_string=True)
def get_book(book_id: int) -> Response:
    return jsonify(db.get_or_404(Book, book_id, options=[WITH_AUTHORS]).to_dict())


@app.get("/books/isbn/<isbn>")
@cache.cached(timeout=CACHE_SECONDS, query_string=True)
def get_book_by_isbn(isbn: str) -> Response:
    return jsonify(db.one_or_404(select(Book).options(WITH_AUTHORS).where(Book.isbn == isbn)).to_dict())


@app.post("/books")
def create_book() -> tuple[Response, int]:
    body = NewBook.model_validate(request.get_json())
    names = list(dict.fromkeys(author.name for author in body.authors))
    known = {author.name: author for author in db.session.scalars(authors_named(names))}
    book = Book(**body.model_dump(exclude={"authors"}))
    book.contributions = [
        Contribution(author=known.get(name) or Author(name=name, sort_name=name), role="author", position=position)
        for position, name in enumerate(names)
    ]
    db.session.add(book)
    db.session.commit()
    return jsonify(book.to_dict()), 201


def authors_named(names: list[str]) -> Any:
    """Return the authors with exactly these names, using the index on (name_key, id)."""
    keys = [func.left(func.fold(name), 200) for name in names]
    return select(Author).where(literal_column("authors.name_key").in_(keys), Author.name.in_(names))


@app.errorhandler(ValidationError)
def invalid(error: ValidationError) -> tuple[Response, int]:
    return jsonify(errors=error.errors(include_url=False, include_input=False, include_context=False)), 422


@app.errorhandler(IntegrityError)
def conflict(_: IntegrityError) -> tuple[Response, int]:
    return jsonify(error="This conflicts with what is stored."), 409
