"""The simple loader, by its command: `flask --app wsgi catalog load FILE.csv`, and the sample catalog."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask.testing import FlaskClient

from app.books.schemas import BOOKS
from app.commands import SAMPLE
from app.loading import CHUNK
from app.values import isbn


@pytest.fixture
def load(app, tmp_path: Path) -> Callable[..., Result]:
    """Write a file and load it."""

    def run(content: str | bytes, *options: str) -> Result:
        file = tmp_path / "file.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return app.test_cli_runner().invoke(args=["catalog", "load", *options, str(file)])

    return run


def everything(client: FlaskClient, resource: str = "books") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    target = f"/{resource}?limit=100"
    while target:
        page = client.get(target).json
        found += page["data"]
        target = page["links"]["next"]
    return found


def summary(result: Result) -> str:
    return result.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("column", "cell", "stored"),
    [
        ("subtitle", "A Novel", "A Novel"),
        ("isbn", "0-441-47812-3", "9780441478125"),
        ("isbn", "978 0441478125", "9780441478125"),
        ("published", "1969-03", "1969-03"),
        ("published", "-0044", "-0044"),
        ("publisher", " Ace\u00a0 Books ", "Ace Books"),
        ("language", "PT-br", "pt-BR"),
        ("page_count", "304", 304),
        ("series", "Hainish Cycle", "Hainish Cycle"),
        ("series_position", "4", 4),
        ("series_position", "1.5", 1.5),
        ("subjects", "Science fiction; Gender ;", ["Science fiction", "Gender"]),
        ("cover_url", "https://covers.example/1.jpg", "https://covers.example/1.jpg"),
        (
            "identifiers",
            "openlibrary:OL1M;openlibrary:OL2M;urn:isbn:1",
            {"openlibrary": ["OL1M", "OL2M"], "urn": ["isbn:1"]},
        ),
        ("identifiers", "isbn:0441478123", {"isbn": ["9780441478125"]}),
        ("description", '"One, ""quoted"" line\nand another"', 'One, "quoted" line\nand another'),
        ("subtitle", '"Two\nlines"', "Two lines"),
        ("subtitle", "", None),
        ("subtitle", "   ", None),
        ("page_count", "", None),
        ("subjects", "", []),
        ("subjects", ";", []),
        ("identifiers", "", {}),
        ("authors", "", []),
    ],
)
def test_a_cell_becomes_the_value_of_its_field(load, client, column, cell, stored):
    result = load(f"title,{column}\nA book,{cell}\n")
    assert (result.exit_code, summary(result)) == (0, "1 rows read: 1 stored, 0 rejected.")
    assert client.get("/books/1").json[column] == stored


def test_every_writable_field_of_a_book_can_be_a_column(load, client):
    columns = [name for name, field in BOOKS.fields.items() if not field.read_only]
    row = ["A book" if name == "title" else "" for name in columns]
    assert load(f"{','.join(columns)}\n{','.join(row)}\n").exit_code == 0
    assert client.get("/books/1").json["title"] == "A book"


@pytest.mark.parametrize(
    ("cell", "credits"),
    [
        ("Homer", [("Homer", "author")]),
        ("Homer;Emily Wilson [translator]", [("Homer", "author"), ("Emily Wilson", "translator")]),
        (" Homer ; Emily Wilson[translator] ; ", [("Homer", "author"), ("Emily Wilson", "translator")]),
        (
            "Emily Wilson [translator];Emily Wilson [introduction]",
            [("Emily Wilson", "translator"), ("Emily Wilson", "introduction")],
        ),
        ("Braga Jr. [pseud.] [editor]", [("Braga Jr. [pseud.]", "editor")]),
        ("Braga Jr. [pseud.]", [("Braga Jr. [pseud.]", "author")]),
        ('"Le Guin, Ursula K."', [("Le Guin, Ursula K.", "author")]),
    ],
)
def test_authors_are_separated_by_semicolons_and_a_role_stands_in_brackets(load, client, cell, credits):
    assert load(f"title,authors\nA book,{cell}\n").exit_code == 0
    assert [(author["name"], author["role"]) for author in client.get("/books/1").json["authors"]] == credits


def test_books_of_one_name_share_one_author_within_a_file_and_with_what_is_there(load, client, add_author):
    homer = add_author(name="Homer")
    assert load("title,authors\nIliad,Homer\nOdyssey,Homer;Virgil [editor]\nAeneid,Virgil\n").exit_code == 0
    assert [author["name"] for author in everything(client, "authors")] == ["Homer", "Virgil"]
    assert client.get(f"/authors/{homer['id']}/books?fields=title").json["meta"]["count"] == 2


@pytest.mark.parametrize(
    ("columns", "row", "words"),
    [
        ("title,isbn", "Bad,9780441478126", ["isbn"]),
        ("title,published", "Bad,1969-13", ["published"]),
        ("title,published", "Bad,March 1969", ["published"]),
        ("title,page_count", "Bad,many", ["page_count", "integer"]),
        ("title,page_count", "Bad,12.0", ["page_count"]),
        ("title,page_count", "Bad,0", ["page_count"]),
        ("title,series_position", "Bad,nan", ["series_position"]),
        ("title,series_position", "Bad,inf", ["series_position"]),
        ("title,language", "Bad,english", ["language"]),
        ("title,cover_url", "Bad,ftp://x.example/", ["cover_url"]),
        ("title,subjects", "Bad,Same;Same", ["subjects", "same"]),
        ("title,identifiers", "Bad,OL1M", ["identifiers"]),
        ("title,authors", "Bad,Homer [poet]", ["authors", "one of"]),
        ("title,authors", "Bad,Homer;Homer", ["authors", "same"]),
        ("title,subtitle", "Bad,a\x00b", ["subtitle", "U+0000"]),
        ("title,subtitle", "Bad,a\x9cb", ["subtitle", "U+009C"]),
        ("title,subtitle", ",No title", ["title", "required"]),
        ("title,subtitle", "Bad", ["cells"]),
        ("title,subtitle", "Bad,too,many", ["cells"]),
        ("title,page_count,language", "Bad,many,english", ["page_count", "language"]),
        ("title,page_count", "Bad," + "9" * 5000, ["page_count"]),
        ("title,page_count", "Bad,1_0", ["page_count"]),
        ("title,page_count", "Bad,١", ["page_count"]),
        ("title,series_position", "Bad,1_0.5", ["series_position"]),
    ],
)
def test_a_row_that_breaks_a_rule_is_reported_with_line_and_reason_and_the_others_are_stored(
    load, client, columns, row, words
):
    unknown = "," * columns.count(",")
    result = load(f"{columns}\nFirst{unknown}\nSecond{unknown}\n{row}\nThird{unknown}\n")
    assert result.exit_code == 1
    assert summary(result) == "4 rows read: 3 stored, 1 rejected."
    [line] = result.stderr.splitlines()
    assert line.startswith("line 4: ")
    for word in words:
        assert word in line
    assert [book["title"] for book in everything(client)] == ["First", "Second", "Third"]


def test_the_reported_line_is_the_one_where_the_row_ends(load):
    result = load('title,page_count\n"Two\nlines",1\nBad,many\n"Bad\n\n",many\n')
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["line 4", "line 7"]


def test_an_isbn_that_is_taken_is_a_rejected_row(load, client, add_book):
    add_book(isbn="9780441478125")
    result = load("title,isbn\nOld,0441478123\nNew,9780140268867\nTwice,0140268863\n")
    assert (result.exit_code, summary(result)) == (1, "3 rows read: 1 stored, 2 rejected.")
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["line 2", "line 4"]
    assert [book["title"] for book in everything(client)] == ["A book", "New"]


def test_a_name_that_several_authors_carry_is_a_rejected_row(load, client, add_author):
    ids = [add_author(name="George Smith")["id"] for _ in range(2)]
    result = load("title,authors\nWhose?,George Smith\nMine,Another\n")
    assert (result.exit_code, summary(result)) == (1, "2 rows read: 1 stored, 1 rejected.")
    assert all(str(author_id) in result.stderr for author_id in ids)


@pytest.mark.parametrize("bad", [0, CHUNK - 1, CHUNK, 2 * CHUNK])
def test_rejects_in_a_file_of_several_chunks_cost_no_other_row(load, client, bad):
    rows = [f"Book {place},{'many' if place == bad else place + 1}" for place in range(2 * CHUNK + 1)]
    result = load("\n".join(["title,page_count", *rows]))
    assert (result.exit_code, summary(result)) == (1, f"{len(rows):,} rows read: {len(rows) - 1:,} stored, 1 rejected.")
    assert result.stderr.startswith(f"line {bad + 2}: ")
    assert [book["page_count"] for book in everything(client)] == [n + 1 for n in range(len(rows)) if n != bad]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("title,publishr", ["publishr", "publisher"]),
        ("titel", ["titel", "title"]),
        ("title,author", ["author", "authors"]),
        ("title,Language", ["Language", "language"]),
        ("title,id", ["id"]),
        ("title,created_at", ["created_at"]),
        ("title,", ["column"]),
        ("subtitle,isbn", ["title", "missing"]),
        ("title,title", ["title", "twice"]),
        ("title;isbn", ["title;isbn"]),
    ],
)
def test_a_header_that_cannot_be_used_is_refused_whole_and_named(load, client, header, words):
    result = load(f"{header}\n" + "x," * header.count(",") + "x\n")
    assert result.exit_code == 1
    assert all(word in result.stderr for word in words), result.stderr
    assert "Traceback" not in result.stderr
    assert everything(client) == []


@pytest.mark.parametrize("content", ["", "\n", "\ufeff", "   "])
def test_a_file_without_a_header_is_refused(load, content):
    result = load(content)
    assert result.exit_code == 1
    assert "title" in result.stderr


@pytest.mark.parametrize("content", ["title,isbn", "title,isbn\n", "title,isbn\r\n\r\n", '"title","isbn"\n\n\n'])
def test_a_header_alone_loads_nothing_and_is_no_error(load, content):
    result = load(content)
    assert (result.exit_code, summary(result)) == (0, "0 rows read: 0 stored, 0 rejected.")


@pytest.mark.parametrize(
    "content",
    [
        "title,subtitle\nGötter,Ein Buch\n",
        "\ufefftitle,subtitle\nGötter,Ein Buch\n",
        "title,subtitle\r\nGötter,Ein Buch\r\n",
        "title,subtitle\rGötter,Ein Buch\r",
        '"title","subtitle"\n"Götter","Ein Buch"',
        "subtitle,title\nEin Buch,Götter\n",
        "title,subtitle\n\nGo\u0308tter,Ein Buch\n\n",
    ],
    ids=["plain", "BOM", "CRLF", "CR", "quoted, no last line break", "other order", "not NFC, blank lines"],
)
def test_the_ways_in_which_programs_write_a_csv_mean_the_same(load, client, content):
    assert load(content).exit_code == 0
    [book] = everything(client)
    assert (book["title"], book["subtitle"]) == ("Götter", "Ein Buch")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("title\nGötter\n".encode("latin-1"), ["UTF-8", "near line"]),
        ("title\nBook\n".encode("utf-16"), ["UTF-8"]),
        (b"title\nBook\n\xed\xa0\x80\n", ["UTF-8"]),
        (b'title\nBook\n"never closed\n', ["line"]),
        (b'title\nBook\n"closed"too early\n', ["line 3"]),
        (b"title\n" + b"x" * 200_000 + b"\n", ["line"]),
    ],
    ids=["Latin-1", "UTF-16", "surrogate", "open quote", "text after a quote", "cell of 200,000"],
)
def test_a_file_that_is_no_csv_in_utf_8_is_refused_with_a_sentence(load, client, content, words):
    result = load(content)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert all(word in result.stderr for word in words), result.stderr
    kept = everything(client)  # rows before that place may be kept; they are counted
    assert f" {len(kept)} stored" in result.stdout
    assert all(book["title"] == "Book" for book in kept)


def test_a_file_that_breaks_off_later_says_what_was_stored_and_rejected_before(load, client):
    rows = [f"Book {place}," for place in range(CHUNK + 10)]
    rows[3] = "Bad,many"
    result = load("\n".join(["title,page_count", *rows, '"never closed,1', ""]))
    assert result.exit_code == 1
    assert f"line {CHUNK + 12}" in result.stderr
    stored = len(everything(client))
    assert stored in (CHUNK - 1, CHUNK + 9)
    assert f"{stored} stored" in result.output
    assert "line 5: page_count: " in result.stderr


def test_rejected_rows_are_reported_in_the_order_of_the_file(load):
    result = load("title,page_count\nA,many\nB\nC,1\nD,many\nE,1,2\n")
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["line 2", "line 3", "line 5", "line 6"]


def test_a_second_file_is_added_to_the_first(load, client):
    assert load("title,authors\nIliad,Homer\n").exit_code == 0
    assert load("title,authors\nOdyssey,Homer\n").exit_code == 0
    assert [book["title"] for book in everything(client)] == ["Iliad", "Odyssey"]
    assert len(everything(client, "authors")) == 1


def test_what_was_loaded_is_read_at_once(load, client):
    assert client.get("/books").json["data"] == []
    load("title\nIliad\n")
    assert client.get("/books").json["meta"]["count"] == 1


def test_authors_are_loaded_from_a_file_of_their_own(load, client):
    header = "name,sort_name,alternate_names,birth_date,death_date,biography,identifiers"
    row = 'Simone de Beauvoir,,Castor; S. de B.,1908-01-09,1986,"Wrote\nmuch",wikidata:Q7197'
    result = load(f"{header}\n{row}\nHomer,,,,,,\n", "--authors")
    assert (result.exit_code, summary(result)) == (0, "2 rows read: 2 stored, 0 rejected.")
    author = client.get("/authors/1").json
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


@pytest.mark.parametrize(
    ("options", "content", "word"),
    [
        ((), "name\nHomer\n", "name"),
        (("--authors",), "title\nIliad\n", "title"),
        (("--authors",), "name,birth_date\nHomer,long ago\n", "birth_date"),
    ],
)
def test_a_file_of_the_other_kind_or_a_bad_author_is_told(load, client, options, content, word):
    result = load(content, *options)
    assert result.exit_code == 1
    assert word in result.stderr
    assert everything(client) == everything(client, "authors") == []


def test_a_file_that_is_not_there_is_told(app, tmp_path):
    result = app.test_cli_runner().invoke(args=["catalog", "load", str(tmp_path / "none.csv")])
    assert result.exit_code == 2
    assert "does not exist" in result.stderr


def test_a_database_that_is_away_is_told_in_a_sentence(make_app, tmp_path):
    file = tmp_path / "file.csv"
    file.write_text("title\nIliad\n")
    away = make_app(DATABASE_URL=f"postgresql://postgres@/catalog?host={tmp_path}")
    result = away.test_cli_runner().invoke(args=["catalog", "load", str(file)])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: "), result.exception
    assert "database" in result.stderr


def rows_of(name: str) -> list[dict[str, str]]:
    with (SAMPLE / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_sample_catalog_loads_completely_and_a_second_time_does_nothing(app, client):
    runner = app.test_cli_runner()
    first = runner.invoke(args=["catalog", "sample"])
    assert first.exit_code == 0, first.output
    books, authors = everything(client), everything(client, "authors")
    assert [book["title"] for book in books] == [row["title"].strip() for row in rows_of("books")]
    assert [author["name"] for author in authors] == [row["name"].strip() for row in rows_of("authors")]
    second = runner.invoke(args=["catalog", "sample"])
    assert (second.exit_code, second.output) == (0, "")
    assert (everything(client), everything(client, "authors")) == (books, authors)


@pytest.mark.parametrize("resource", ["books", "authors"])
def test_the_sample_catalog_is_not_loaded_into_a_catalog_that_has_something(
    app, client, add_book, add_author, resource
):
    {"books": add_book, "authors": add_author}[resource]()
    result = app.test_cli_runner().invoke(args=["catalog", "sample"])
    assert (result.exit_code, result.output) == (0, "")
    assert len(everything(client)) + len(everything(client, "authors")) == 1


def test_the_sample_catalog_is_of_about_200_books_of_many_languages_and_centuries():
    books = rows_of("books")
    assert 180 <= len(books) <= 250
    assert len({row["language"] for row in books}) >= 15
    assert len({row["published"][:2] for row in books if row["published"][:1].isdigit()}) >= 5
    assert {"translator", "illustrator"} <= {
        role for row in books for role in ("translator", "illustrator") if f"[{role}]" in row["authors"]
    }


def test_every_isbn_of_the_sample_catalog_is_valid_and_of_one_book():
    given = [row["isbn"] for row in rows_of("books") if row["isbn"]]
    assert given
    assert [isbn.normalize(value) for value in given] == given
    assert len(set(given)) == len(given)
