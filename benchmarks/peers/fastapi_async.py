"""FastAPI with SQLAlchemy's asynchronous ORM on asyncpg, and pydantic models for requests and responses."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, ClassVar

from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AliasPath, BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, DateTime, ForeignKey, Text, func, literal_column, make_url, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

engine = create_async_engine(
    make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg"),
    pool_size=int(os.environ.get("POOL", 8)),
    max_overflow=0,
)
new_session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {
        int: BigInteger,
        str: Text,
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text),
        dict[str, Any]: JSONB,
    }


class Author(Base):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    sort_name: Mapped[str]


class Contribution(Base):
    __tablename__ = "contributions"

    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"), primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    credited_as: Mapped[str | None]
    author: Mapped[Author] = relationship()


class Book(Base):
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
    subjects: Mapped[list[str]]
    cover_url: Mapped[str | None]
    identifiers: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    contributions: Mapped[list[Contribution]] = relationship(order_by=Contribution.position)


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


class Contributor(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int = Field(validation_alias="author_id")
    name: str = Field(validation_alias=AliasPath("author", "name"))
    role: str
    credited_as: str | None


class BookOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    subtitle: str | None
    isbn: str | None
    published: str | None
    publisher: str | None
    language: str | None
    page_count: int | None
    description: str | None
    series: str | None
    series_position: float | None
    subjects: list[str]
    cover_url: str | None
    identifiers: dict[str, list[str]]
    authors: list[Contributor] = Field(validation_alias="contributions")
    created_at: datetime
    updated_at: datetime


class Meta(BaseModel):
    count: int
    limit: int


class Links(BaseModel):
    self: str
    next: str | None
    prev: str | None


class Page(BaseModel):
    data: list[BookOut]
    meta: Meta
    links: Links


async def get_session() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/books", response_model=Page)
async def list_books(
    session: Session, limit: Annotated[int, Query(ge=1, le=100)] = 20, after: int | None = None
) -> Any:
    query = select(Book).options(WITH_AUTHORS).order_by(Book.id).limit(limit + 1)
    if after is not None:
        query = query.where(Book.id > after)
    books = (await session.scalars(query)).all()
    page = books[:limit]
    here = f"/books?limit={limit}"
    return {
        "data": page,
        "meta": {"count": len(page), "limit": limit},
        "links": {
            "self": here if after is None else f"{here}&after={after}",
            "next": f"{here}&after={page[-1].id}" if len(books) > limit else None,
            "prev": None,
        },
    }


@app.get("/books/{book_id}", response_model=BookOut)
async def get_book(session: Session, book_id: Annotated[int, Path(ge=1, lt=2**63)]) -> Any:
    book = await session.get(Book, book_id, options=[WITH_AUTHORS])
    if book is None:
        raise HTTPException(404)
    return book


@app.get("/books/isbn/{isbn}", response_model=BookOut)
async def get_book_by_isbn(session: Session, isbn: str) -> Any:
    book = await session.scalar(select(Book).options(WITH_AUTHORS).where(Book.isbn == isbn))
    if book is None:
        raise HTTPException(404)
    return book


@app.post("/books", response_model=BookOut, status_code=201)
async def create_book(session: Session, body: NewBook) -> Any:
    names = list(dict.fromkeys(author.name for author in body.authors))
    known = {author.name: author for author in await session.scalars(authors_named(names))}
    book = Book(**body.model_dump(exclude={"authors"}))
    book.contributions = [
        Contribution(author=known.get(name) or Author(name=name, sort_name=name), role="author", position=position)
        for position, name in enumerate(names)
    ]
    session.add(book)
    await session.commit()
    return book


def authors_named(names: list[str]) -> Any:
    """Return the authors with exactly these names, using the index on (name_key, id)."""
    keys = [func.left(func.fold(name), 200) for name in names]
    return select(Author).where(literal_column("authors.name_key").in_(keys), Author.name.in_(names))


@app.exception_handler(IntegrityError)
async def conflict(_: Request, __: IntegrityError) -> JSONResponse:
    return JSONResponse({"detail": "This conflicts with what is stored."}, 409)
