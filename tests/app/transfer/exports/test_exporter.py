"""The exporter: one snapshot, every book, in each format."""

from __future__ import annotations

from typing import Any

import pymarc
import pytest

from extensions.database import snapshot


def test_one_snapshot_is_exported_despite_writes(client, export, sample, monkeypatch):
    expected = client.get("/authors?format=ndjson").text + client.get("/books?format=ndjson").text
    pieces = snapshot.Snapshot._receive

    def meanwhile(self: Any) -> Any:
        client.delete("/authors/1")
        client.post("/books", json={"title": "Meanwhile"})
        return pieces(self)

    monkeypatch.setattr(snapshot.Snapshot, "_receive", meanwhile)
    assert export("-").stdout == expected


@pytest.mark.parametrize("name", ["a.ndjson", "a.csv", "a.xml", "a.mrc", "a.bib"])
def test_an_empty_catalog_gives_an_empty_file(export, tmp_path, name):
    assert export(name).exit_code == 0
    assert len((tmp_path / name).read_bytes().splitlines()) == {"a.csv": 1, "a.xml": 3}.get(name, 0)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("a.mrc", lambda file: sum(1 for _ in pymarc.MARCReader(file.read_bytes()))),
        ("a.xml", lambda file: len(pymarc.parse_xml_to_array(str(file)))),
        ("a.bib", lambda file: file.read_text("utf-8").count("\n}\n")),
        ("a.ris", lambda file: file.read_bytes().count(b"\r\nER  - \r\n")),
    ],
)
def test_each_format_holds_every_book(client, export, tmp_path, sample, name, count):
    assert export(name).exit_code == 0
    assert count(tmp_path / name) == client.get("/books?total=exact").json["meta"]["total"]


def test_names_are_written_as_sort_names(client, export, add_book, add_author):
    body = add_author(name="World Health Organization", sort_name="World Health Organization")
    add_book(authors=[{"id": body["id"]}, {"name": "Emily Wilson", "role": "translator"}])
    entry = export("-", "--format=bibtex").stdout
    assert "author = {{World Health Organization}}" in entry
    assert "translator = {Wilson, Emily}" in entry
