"""The sample catalog."""

from __future__ import annotations

import csv

import pytest

from app.cli import SAMPLE
from app.values import isbn
from tests.app.transfer.conftest import everything


def rows_of(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of the sample."""
    with (SAMPLE / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_sample_is_loaded_completely_and_once(app, client):
    runner = app.test_cli_runner()
    first = runner.invoke(args=["catalog", "sample"])
    assert (first.exit_code, first.output) == (0, "The sample catalog is loaded.\n")
    books, authors = everything(client), everything(client, "authors")
    assert [book["title"] for book in books] == [row["title"].strip() for row in rows_of("books")]
    assert [author["name"] for author in authors] == [row["name"].strip() for row in rows_of("authors")]
    second = runner.invoke(args=["catalog", "sample"])
    assert (second.exit_code, second.output) == (0, "")
    assert (everything(client), everything(client, "authors")) == (books, authors)


@pytest.mark.parametrize("resource", ["books", "authors"])
def test_the_sample_is_loaded_into_an_empty_catalog_only(app, client, add_book, add_author, resource):
    {"books": add_book, "authors": add_author}[resource]()
    result = app.test_cli_runner().invoke(args=["catalog", "sample"])
    assert (result.exit_code, result.output) == (0, "")
    assert len(everything(client)) + len(everything(client, "authors")) == 1


def test_the_sample_has_200_books_of_many_languages():
    books = rows_of("books")
    assert 180 <= len(books) <= 250
    assert len({row["language"] for row in books}) >= 15
    assert len({row["published"][:2] for row in books if row["published"][:1].isdigit()}) >= 5
    assert {"translator", "illustrator"} <= {
        role for row in books for role in ("translator", "illustrator") if f"[{role}]" in row["authors"]
    }


def test_every_isbn_of_the_sample_is_valid_and_unique():
    isbns = [row["isbn"] for row in rows_of("books") if row["isbn"]]
    assert isbns
    assert [isbn.normalize(value) for value in isbns] == isbns
    assert len(set(isbns)) == len(isbns)
