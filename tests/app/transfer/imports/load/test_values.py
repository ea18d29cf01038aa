"""What is stored of the cells of a table."""

from __future__ import annotations

import pytest

from app.books.resource import BOOKS
from tests.app.transfer.conftest import contributors_of, everything


@pytest.mark.parametrize(
    ("column", "cell", "stored"),
    [
        ("subtitle", "A Novel", "A Novel"),
        ("isbn", "0-441-47812-3", "9780441478125"),
        ("published", "1969-03", "1969-03"),
        ("published", "-0044", "-0044"),
        ("publisher", " Ace\u00a0 Books ", "Ace Books"),
        ("language", "PT-br", "pt-BR"),
        ("page_count", "304", 304),
        ("series_position", "1.5", 1.5),
        ("subjects", "Science fiction; Gender ;", ["Science fiction", "Gender"]),
        ("subjects", '"A ""quoted"" one;a \\\\ back\\;slash"', ['A "quoted" one', "a \\ back;slash"]),
        ("cover_url", "https://covers.example/1.jpg", "https://covers.example/1.jpg"),
        ("description", '"One, ""quoted"" line\n\\.\n\\N and\tanother"', 'One, "quoted" line\n\\.\n\\N and\tanother'),
        ("subtitle", '"Two\nlines"', "Two lines"),
        ("subtitle", "\\N", "\\N"),
        ("subtitle", "{NULL}", "{NULL}"),
        ("subtitle", "   ", None),
        ("page_count", "", None),
        ("subjects", "", []),
        ("authors", "", []),
    ],
)
def test_a_cell_becomes_the_value_of_its_field(load, client, column, cell, stored):
    result = load(f"title,{column}\nA book,{cell}\n")
    assert (result.exit_code, result.counts) == (0, (1, 0, 0, 0, 0)), result.output
    assert everything(client)[0][column] == stored


def test_every_writable_field_of_a_book_can_be_a_column(load, client):
    columns = [name for name, field in BOOKS.fields.items() if not field.read_only]
    row = ["A book" if name == "title" else "" for name in columns]
    assert load(f"{','.join(columns)}\n{','.join(row)}\n").exit_code == 0
    assert everything(client)[0]["title"] == "A book"


def test_contributors_keep_order_roles_and_credits(load, client):
    cell = "Homer;Emily Wilson [translator];Emily Wilson [introduction as E. W.];Homer [editor]"
    assert load(f"title,authors\nThe Odyssey,{cell}\n").exit_code == 0
    [book] = everything(client)
    assert [(author["name"], author["role"], author["credited_as"]) for author in book["authors"]] == [
        ("Homer", "author", None),
        ("Emily Wilson", "translator", None),
        ("Emily Wilson", "introduction", "E. W."),
        ("Homer", "editor", None),
    ]
    assert len(everything(client, "authors")) == 2


def test_two_spellings_of_one_name_are_one_contributor(load, client):
    load("title,authors\nWinnie-the-Pooh,A. A. Milne;A.A. Milne;E. H. Shepard [illustrator]\n")
    [book] = everything(client)
    assert contributors_of(book) == [("A. A. Milne", "author"), ("E. H. Shepard", "illustrator")]


def test_authors_are_imported_from_their_own_file(load, client):
    header = "name,sort_name,alternate_names,birth_date,death_date,biography,identifiers"
    row = 'Simone de Beauvoir,,Castor; S. de B.,1908-01-09,1986,"Wrote\nmuch",wikidata:Q7197'
    result = load(f"{header}\n{row}\nHomer,,,,,,\n")
    assert (result.exit_code, result.counts) == (0, (2, 0, 0, 0, 0))
    [author, _] = sorted(everything(client, "authors"), key=lambda author: author["name"], reverse=True)
    del author["id"], author["created_at"], author["updated_at"]
    assert author == {
        "name": "Simone de Beauvoir",
        "sort_name": "Beauvoir, Simone de",
        "alternate_names": ["Castor", "S. de B."],
        "birth_date": "1908-01-09",
        "death_date": "1986",
        "biography": "Wrote\nmuch",
        "identifiers": {"wikidata": ["Q7197"]},
    }


def test_imported_records_are_found_at_once(load, client):
    assert client.get("/books").json["data"] == []
    assert client.get("/books?q=homer").json["data"] == []
    load("title,authors\nIliad,Homer\n")
    assert client.get("/books").json["meta"]["count"] == 1
    assert client.get("/books?q=homer%20iliad").json["meta"]["count"] == 1
    assert client.get("/books?q=homre").json["meta"]["count"] == 1  # a slip: the vocabulary knows the name
