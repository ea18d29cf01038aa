"""Constraints: what the database refuses from every writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from tests.support.databases import connect, execute

BOOK = {"title": "A book"}

AUTHOR = {"name": "An Author", "sort_name": "Author, An"}

LINK = {"book_id": 1, "author_id": 1, "role": "author", "position": 0}

REFUSED = [
    ("books", {"title": None}, "title"),
    ("books", {"title": ""}, "ck_books_title_not_empty"),
    ("books", {"isbn": "9780441478126x"}, "ck_books_isbn_digits"),
    ("books", {"isbn": "0441478123"}, "ck_books_isbn_digits"),
    ("books", {"isbn": "978-0-441-47812-5"}, "ck_books_isbn_digits"),
    ("books", {"isbn": ""}, "ck_books_isbn_digits"),
    ("books", {"isbn": "9780441478125\n"}, "ck_books_isbn_digits"),
    ("books", {"isbn": "9780000000002"}, "uq_books_isbn"),
    *(
        ("books", {"published": value}, "ck_books_published_valid")
        for value in (
            "",
            "990",
            "0000",
            "1990-13",
            "1990-02-29",
            "1990-5",
            "-0000",
            "-0044-03",
            "1990 ",
            "1990\n",
            "now",
        )
    ),
    ("books", {"published_key": 1}, "published_key"),
    ("books", {"page_count": 0}, "ck_books_page_count_range"),
    ("books", {"page_count": 100_001}, "ck_books_page_count_range"),
    ("books", {"series_position": -0.5}, "ck_books_series_position_range"),
    ("books", {"series_position": 100_000.5}, "ck_books_series_position_range"),
    ("books", {"series_position": float("nan")}, "ck_books_series_position_range"),
    ("books", {"series_position": float("inf")}, "ck_books_series_position_range"),
    ("books", {"subjects": None}, "subjects"),
    ("books", {"subjects": [str(number) for number in range(201)]}, "ck_books_subjects_most"),
    ("books", {"identifiers": None}, "identifiers"),
    ("books", {"identifiers": "[]"}, "ck_books_identifiers_object"),
    ("books", {"identifiers": "1"}, "ck_books_identifiers_object"),
    ("books", {"identifiers": "null"}, "ck_books_identifiers_object"),
    ("books", {"created_at": None}, "created_at"),
    ("books", {"updated_at": None}, "updated_at"),
    ("books", {"id": 1}, "pk_books"),
    ("authors", {"name": None}, "name"),
    ("authors", {"name": ""}, "ck_authors_name_not_empty"),
    ("authors", {"sort_name": None}, "sort_name"),
    ("authors", {"sort_name": ""}, "ck_authors_sort_name_not_empty"),
    ("authors", {"birth_date": "1929-10-32"}, "ck_authors_birth_date_valid"),
    ("authors", {"death_date": "2018-00"}, "ck_authors_death_date_valid"),
    ("authors", {"alternate_names": None}, "alternate_names"),
    ("authors", {"alternate_names": [str(number) for number in range(201)]}, "ck_authors_alternate_names_most"),
    ("authors", {"identifiers": '"x"'}, "ck_authors_identifiers_object"),
    ("authors", {"id": 1}, "pk_authors"),
    ("contributions", {"role": "king"}, "ck_contributions_role_known"),
    ("contributions", {"role": None}, "role"),
    ("contributions", {"role": "Author"}, "ck_contributions_role_known"),
    ("contributions", {"role": "editor", "position": -1}, "ck_contributions_position_positive"),
    ("contributions", {"role": "editor", "position": None}, "position"),
    ("contributions", {}, "pk_contributions"),
    ("contributions", {"book_id": 99}, "fk_contributions_book_id"),
    ("contributions", {"author_id": 99}, "fk_contributions_author_id"),
]

TAKEN = [
    ("books", {"isbn": "9780441478125", "published": "-0044", "page_count": 100_000, "series_position": 1.5}),
    ("books", {"published": "2000-02-29", "subjects": ["a"] * 200, "identifiers": '{"a": ["b"]}'}),
    ("authors", {"birth_date": "0001", "death_date": "9999-12-31", "identifiers": "{}"}),
    ("contributions", {"role": "translator", "position": 1, "credited_as": "X"}),
]


@pytest.fixture(scope="module")
def written(new_database: Callable[[str], str]) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Insert a row with some bad columns by plain SQL, and roll it back."""
    connection = connect(new_database("constraints"))
    connection.autocommit = False
    whole = {"books": BOOK, "authors": AUTHOR, "contributions": LINK}

    def insert(table: str, columns: dict[str, Any]) -> None:
        row = {**whole[table], **columns}
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
            )

    insert("books", {"isbn": "9780000000002"})
    insert("authors", {})
    insert("contributions", {})
    connection.commit()

    def attempt(table: str, columns: dict[str, Any]) -> None:
        try:
            insert(table, columns)
        finally:
            connection.rollback()

    yield attempt
    connection.close()


@pytest.mark.parametrize(("table", "columns", "named"), REFUSED)
def test_the_database_refuses_a_bad_row_of_any_writer(
    written: Callable[[str, dict[str, Any]], None], table: str, columns: dict[str, Any], named: str
) -> None:
    with pytest.raises(psycopg2.Error) as error:
        written(table, columns)
    assert named in (error.value.diag.constraint_name, error.value.diag.column_name) or f'"{named}"' in str(error.value)


@pytest.mark.parametrize(("table", "columns"), TAKEN)
def test_the_database_accepts_a_good_row(
    written: Callable[[str, dict[str, Any]], None], table: str, columns: dict[str, Any]
) -> None:
    written(table, columns)


@pytest.mark.parametrize("table", ["books", "authors"])
def test_deleting_a_record_deletes_its_contributions(new_database: Callable[[str], str], table: str) -> None:
    url = new_database("cascade")
    execute(url, "INSERT INTO books (title) VALUES ('A'), ('B')")
    execute(url, "INSERT INTO authors (name, sort_name) VALUES ('A', 'A'), ('B', 'B')")
    execute(
        url,
        "INSERT INTO contributions VALUES (1, 1, 'author', 0), (1, 2, 'author', 1),"
        " (2, 1, 'editor', 0), (2, 2, 'author', 1)",
    )
    execute(url, f"DELETE FROM {table} WHERE id = 1")
    column = "book_id" if table == "books" else "author_id"
    assert {row[0] for row in execute(url, f"SELECT {column} FROM contributions")} == {2}
    assert len(execute(url, "SELECT 1 FROM contributions")) == 2
