"""`catalog export`: formats by name, filters of the API, files that are whole or not there, round trips."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymarc
import pytest
from click.testing import Result

from extensions import snapshot
from tests.conftest import ROOT

from .conftest import run


@pytest.fixture
def export(app, tmp_path: Path) -> Callable[..., Result]:
    """Run the command; a name without a folder is one in the test's own."""

    def run(name: str, *options: str) -> Result:
        file = name if name == "-" or "/" in name else str(tmp_path / name)
        return app.test_cli_runner().invoke(args=["catalog", "export", file, *options])

    return run


@pytest.fixture
def sample(app) -> None:
    """The sample catalog."""
    loaded = app.test_cli_runner().invoke(args=["catalog", "sample"])
    assert loaded.exit_code == 0, loaded.output


def titles(content: bytes) -> list[str]:
    return [row["title"] for row in csv.DictReader(io.StringIO(content.decode(), newline=""))]


def test_ndjson_holds_authors_and_then_books_each_as_the_api_answers_it(app, client, export, tmp_path, sample):
    found = export("all.ndjson")
    assert found.exit_code == 0, found.output
    authors = client.get("/authors?format=ndjson").text
    books = client.get("/books?format=ndjson").text
    assert (tmp_path / "all.ndjson").read_text("utf-8") == authors + books
    counts = f"{authors.count(chr(10))} authors, {books.count(chr(10))} books"
    assert counts in found.stderr


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.ndjson", b'{"id":1,"name":'),
        ("a.jsonl", b'{"id":1,"name":'),
        ("a.csv", b"title,subtitle,isbn,"),
        ("A.CSV", b"title,subtitle,isbn,"),
        ("a.tsv", b"title\tsubtitle\tisbn\t"),
        ("a.xml", b'<?xml version="1.0" encoding="UTF-8"?>\n<collection '),
        ("a.mrc", b"00"),
        ("a.bib", b"@book{"),
        ("a.ris", b"TY  - BOOK\r\n"),
    ],
)
def test_the_name_of_the_file_says_the_format_and_whether_it_is_packed(export, tmp_path, sample, name, begins):
    for file in (name, f"{name}.gz"):
        assert export(file).exit_code == 0
    plain = (tmp_path / name).read_bytes()
    assert plain.startswith(begins)
    assert gzip.decompress((tmp_path / f"{name}.gz").read_bytes()) == plain


def test_a_packed_file_is_the_same_each_time(export, tmp_path, sample):
    for name in ("a.csv.gz", "b.csv.gz"):
        assert export(name).exit_code == 0
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


@pytest.mark.parametrize(
    ("options", "question"),
    [
        ((), ""),
        (("--filter", "language=en"), "language=en"),
        (("--filter", "published[gte]=1990", "--filter", "language[ne]=en"), "published[gte]=1990&language[ne]=en"),
        (("--filter", "title[contains]=a & b"), "title[contains]=a%20%26%20b"),
        (
            ("--query", "author[contains]=garcia%20marquez&sort=-published"),
            "author[contains]=garcia marquez&sort=-published",
        ),
        (("--query", "/books?language=ja&sort=title"), "language=ja&sort=title"),
        (("--query", "?title[contains]=?"), "title[contains]=?"),
        (("--sort=-page_count,title", "--filter", "q=the"), "q=the&sort=-page_count,title"),
    ],
)
def test_filters_and_order_are_those_of_the_api(client, export, sample, options, question):
    found = export("-", "--format=csv", *options)
    assert found.exit_code == 0, found.output
    assert titles(found.stdout_bytes) == titles(client.get(f"/books?{question}&format=csv").data)


def test_fields_are_the_columns_and_members(export, sample):
    assert export("-", "--format=csv", "--fields=title,id").stdout_bytes.startswith(b"id,title\r\n1,")
    first = export("-", "--kind=authors", "--fields=name").stdout.splitlines()[0]
    assert list(json.loads(first)) == ["name"]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("a.doc", (), ["--format"]),
        ("a", (), ["--format"]),
        ("a.csv", ("--kind=all",), ["--kind"]),
        ("a.bib", ("--kind=authors",), ["bibtex", "books"]),
        ("a.ris", ("--fields=title",), ["--fields"]),
        ("a.ndjson", ("--kind=all", "--sort=id"), ["--kind"]),
        ("a.csv", ("--filter", "titel=x"), ["titel", "title"]),
        ("a.csv", ("--filter", "title"), ["NAME=VALUE"]),
        ("a.csv", ("--filter", "published=1990-13", "--sort=nothing"), ["published", "nothing"]),
        ("a.csv", ("--query", "limit=5"), ["limit"]),
        ("a.csv", ("--query", "cursor=x"), ["cursor"]),
        ("a.csv", ("--query", "format=csv"), ["--format"]),
        ("a.csv", ("--query", "title=%FF"), ["UTF-8"]),
        ("a.csv", ("--kind=authors", "--filter", "title=x"), ["title"]),
        ("a.csv", ("--format=excel",), ["excel"]),
        ("/", (), ["directory"]),
    ],
)
def test_what_cannot_be_is_said_and_no_file_is_made(export, tmp_path, sample, name, options, words):
    found = export(name, *options)
    assert found.exit_code == 2
    assert all(word in found.stderr for word in words), found.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.ndjson", "a.csv", "a.xml", "a.mrc", "a.bib"])
def test_an_empty_catalog_is_an_empty_file_of_its_format(export, tmp_path, name):
    assert export(name).exit_code == 0
    assert len((tmp_path / name).read_bytes().splitlines()) == {"a.csv": 1, "a.xml": 3}.get(name, 0)


def test_a_file_is_replaced_when_the_new_one_is_whole_with_its_permissions(export, tmp_path, sample):
    file = tmp_path / "a.csv"
    file.write_text("before")
    file.chmod(0o640)
    assert export("a.csv").exit_code == 0
    assert file.read_text("utf-8").startswith("title,")
    assert file.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]


def test_a_new_file_has_the_permissions_of_any_other(export, tmp_path, sample):
    (tmp_path / "other").touch()
    assert export("a.csv").exit_code == 0
    assert (tmp_path / "a.csv").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_what_goes_wrong_in_the_middle_leaves_the_file_as_it_was(export, tmp_path, sample, monkeypatch):
    file = tmp_path / "a.csv"
    file.write_text("before")
    pieces = snapshot.Snapshot._piece

    def breaking(self: Any) -> Any:
        found = pieces(self)
        self._connection.close()
        return found

    monkeypatch.setattr(snapshot.Snapshot, "_piece", breaking)
    found = export("a.csv")
    assert found.exit_code == 1
    assert found.stderr.startswith("Error: The database does not answer")
    assert (file.read_text(), [one.name for one in tmp_path.iterdir()]) == ("before", ["a.csv"])


def test_a_folder_that_is_not_there_is_told(export, tmp_path):
    found = export(str(tmp_path / "none" / "a.csv"))
    assert found.exit_code == 1
    assert "No such file" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_pipe_is_written_to_as_it_is(export, tmp_path, sample):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    found = export("pipe.csv")
    reader.join(20)
    assert found.exit_code == 0, found.output
    assert len(titles(read[0])) > 200
    assert pipe.is_fifo()


def test_who_reads_the_beginning_alone_gets_it_without_a_complaint(sample, database_url, tmp_path):
    command = f"{sys.executable} -m flask --app wsgi catalog export - | head -n 1"
    environment = {**os.environ, "DATABASE_URL": database_url, "INSTANCE_PATH": str(tmp_path), "REDIS_URL": ""}
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert json.loads(done.stdout)["id"] == 1
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_one_moment_is_exported_whatever_is_written_meanwhile(client, export, sample, monkeypatch):
    expected = client.get("/authors?format=ndjson").text + client.get("/books?format=ndjson").text
    pieces = snapshot.Snapshot._piece

    def meanwhile(self: Any) -> Any:
        client.delete("/authors/1")
        client.post("/books", json={"title": "Meanwhile"})
        return pieces(self)

    monkeypatch.setattr(snapshot.Snapshot, "_piece", meanwhile)
    assert export("-").stdout == expected


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("a.mrc", lambda file: sum(1 for _ in pymarc.MARCReader(file.read_bytes()))),
        ("a.xml", lambda file: len(pymarc.parse_xml_to_array(str(file)))),
        ("a.bib", lambda file: file.read_text("utf-8").count("\n}\n")),
        ("a.ris", lambda file: file.read_bytes().count(b"\r\nER  - \r\n")),
    ],
)
def test_every_book_of_the_sample_is_in_each_format(client, export, tmp_path, sample, name, count):
    assert export(name).exit_code == 0
    assert count(tmp_path / name) == client.get("/books?total=exact").json["meta"]["total"]


def test_names_are_filed_as_the_catalog_files_them(client, export, add_book, add_author):
    body = add_author(name="World Health Organization", sort_name="World Health Organization")
    add_book(authors=[{"id": body["id"]}, {"name": "Emily Wilson", "role": "translator"}])
    entry = export("-", "--format=bibtex").stdout
    assert "author = {{World Health Organization}}" in entry
    assert "translator = {Wilson, Emily}" in entry


# ---- round trips


TRAPS = [
    {"title": "AT&amp;T", "description": "two\r\nlines\n\nand more", "subjects": ["a;b", "c\\", "&lt;x&gt;"]},
    {"title": "=1+1", "published": "-0431", "series": "S", "series_position": 1e-07, "language": "und"},
    {"title": 'Says "x", y', "identifiers": {"isbn": ["9780306406157"], "x.y": ["1", "a;b"]}, "isbn": "9780441478125"},
    {
        "title": "Everyone",
        "authors": [
            {"name": "Anonymous"},
            {"name": "A [editor]", "credited_as": "B [author as C]"},
            {"name": "A [editor]", "role": "editor"},
            {"name": "O'Neil; Jr.", "role": "translator"},
        ],
    },
]


def test_everything_is_the_same_byte_by_byte_after_it_was_restored(app, client, add_book, sample, other, tmp_path):
    for book in TRAPS:
        add_book(**book)
    client.delete("/books/3")
    client.patch("/authors/2", json={"biography": "Later\nthan made"})
    first, second = tmp_path / "first.ndjson", tmp_path / "second.ndjson"
    run(app, "export", first)
    run(other, "import", "--restore", first)
    run(other, "export", second)
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().count(b"\n") > 500


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_tables_are_the_same_byte_by_byte_after_they_were_imported(
    app, client, add_book, sample, other, tmp_path, suffix
):
    for book in TRAPS:
        add_book(**book)
    client.delete("/books/3")
    first, second = tmp_path / f"first.{suffix}", tmp_path / f"second.{suffix}"
    run(app, "export", first)
    run(other, "import", first)
    run(other, "export", second)
    assert first.read_bytes() == second.read_bytes()
    again = run(other, "import", second)  # books without an id and an ISBN are known by their rows
    assert "Nothing has changed" in again.output
    people, people_again = tmp_path / f"people.{suffix}", tmp_path / f"people_again.{suffix}"
    run(app, "export", people, "--kind=authors")
    run(other, "import", people)
    run(other, "export", people_again, "--kind=authors")
    assert sorted(people.read_bytes().splitlines()) == sorted(people_again.read_bytes().splitlines())


def test_homonyms_are_as_many_people_as_before(app, client, add_book, add_author, other, tmp_path):
    father, son = (add_author(name="Alexandre Dumas", identifiers={"viaf": [one]})["id"] for one in "12")
    lower = add_author(name="Alexandre dumas", identifiers={"viaf": ["3"], "isni": ["9"]})["id"]
    add_author(name="Somebody Else", identifiers={"viaf": ["4"], "isni": ["9"]})
    for ids in ([father], [lower], [father, son], [father, son, lower]):
        add_book(authors=[{"id": one} for one in ids] + [{"id": father, "role": "editor", "credited_as": "D."}])
    authors, books = tmp_path / "authors.csv", tmp_path / "books.csv"
    run(app, "export", authors, "--kind=authors")
    run(app, "export", books)
    run(other, "import", authors, books)
    for file, kind in ((authors, "authors"), (books, "books")):
        again = tmp_path / "again.csv"
        run(other, "export", again, f"--kind={kind}")
        assert again.read_bytes() == file.read_bytes()
    assert "Nothing has changed" in run(other, "import", authors, books).output


def test_two_of_one_name_in_one_book_are_made_where_nobody_bears_it(app, client, add_book, add_author, other, tmp_path):
    ids = [add_author(name="Alexandre Dumas")["id"] for _ in range(2)]
    add_book(authors=[{"id": one} for one in ids])
    add_book(authors=[{"id": ids[0]}])
    file, again = tmp_path / "books.csv", tmp_path / "again.csv"
    run(app, "export", file)
    run(other, "import", file)
    run(other, "export", again)
    assert again.read_bytes() == file.read_bytes()
    assert other.test_client().get("/authors?total=exact").json["meta"]["total"] == 2
    assert "Nothing has changed" in run(other, "import", again).output


def test_what_a_row_of_another_table_was_known_by_stays_with_its_book(app, other, tmp_path):
    given, first, second = (tmp_path / f"{name}.csv" for name in ("given", "first", "second"))
    given.write_text("title,publisher\nA,B\n")
    run(app, "import", given)
    run(app, "export", first)
    assert ",digest:" in first.read_text()
    run(other, "import", first)
    run(other, "export", second)
    assert first.read_bytes() == second.read_bytes()
    first.write_text(first.read_text().replace("A,", "Another,"))
    run(app, "import", first)
    run(app, "export", second)
    assert second.read_text().splitlines() == first.read_text().splitlines()
