"""`catalog export`: formats by file name, filters of the API, errors."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys

import pytest

from tests import ROOT


def titles(content: bytes) -> list[str]:
    return [row["title"] for row in csv.DictReader(io.StringIO(content.decode(), newline=""))]


def test_ndjson_holds_the_responses_of_the_api(app, client, export, tmp_path, sample):
    result = export("all.ndjson")
    assert result.exit_code == 0, result.output
    authors = client.get("/authors?format=ndjson").text
    books = client.get("/books?format=ndjson").text
    assert (tmp_path / "all.ndjson").read_text("utf-8") == authors + books
    counts = f"{authors.count(chr(10))} authors, {books.count(chr(10))} books"
    assert counts in result.stderr


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
def test_the_file_name_sets_format_and_compression(export, tmp_path, sample, name, begins):
    for file in (name, f"{name}.gz"):
        assert export(file).exit_code == 0
    plain = (tmp_path / name).read_bytes()
    assert plain.startswith(begins)
    assert gzip.decompress((tmp_path / f"{name}.gz").read_bytes()) == plain


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
    result = export("-", "--format=csv", *options)
    assert result.exit_code == 0, result.output
    assert titles(result.stdout_bytes) == titles(client.get(f"/books?{question}&format=csv").data)


def test_fields_choose_columns_and_members(export, sample):
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
def test_an_impossible_export_creates_no_file(export, tmp_path, sample, name, options, words):
    result = export(name, *options)
    assert result.exit_code == 2
    assert all(word in result.stderr for word in words), result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_reader_of_the_beginning_gets_no_error(sample, database_url, tmp_path):
    command = f"{sys.executable} -m flask --app wsgi catalog export - | head -n 1"
    environment = {**os.environ, "DATABASE_URL": database_url, "INSTANCE_PATH": str(tmp_path), "REDIS_URL": ""}
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert json.loads(done.stdout)["id"] == 1
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
