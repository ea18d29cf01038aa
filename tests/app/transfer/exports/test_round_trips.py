"""Round trips: an export that is imported into an empty catalog is the same."""

from __future__ import annotations

import pytest

from tests.app.transfer.conftest import run

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


def test_restored_ndjson_is_the_same_byte_by_byte(app, client, add_book, sample, other, tmp_path):
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
def test_imported_tables_are_the_same_byte_by_byte(app, client, add_book, sample, other, tmp_path, suffix):
    for book in TRAPS:
        add_book(**book)
    client.delete("/books/3")
    first, second = tmp_path / f"first.{suffix}", tmp_path / f"second.{suffix}"
    run(app, "export", first)
    run(other, "import", first)
    run(other, "export", second)
    assert first.read_bytes() == second.read_bytes()
    again = run(other, "import", second)  # books without an id and an ISBN are matched by their rows
    assert "Nothing has changed" in again.output
    people, people_again = tmp_path / f"people.{suffix}", tmp_path / f"people_again.{suffix}"
    run(app, "export", people, "--kind=authors")
    run(other, "import", people)
    run(other, "export", people_again, "--kind=authors")
    assert sorted(people.read_bytes().splitlines()) == sorted(people_again.read_bytes().splitlines())


def test_homonyms_stay_as_many_authors(app, client, add_book, add_author, other, tmp_path):
    father, son = (add_author(name="Alexandre Dumas", identifiers={"viaf": [viaf]})["id"] for viaf in "12")
    lower = add_author(name="Alexandre dumas", identifiers={"viaf": ["3"], "isni": ["9"]})["id"]
    add_author(name="Somebody Else", identifiers={"viaf": ["4"], "isni": ["9"]})
    for ids in ([father], [lower], [father, son], [father, son, lower]):
        add_book(authors=[{"id": author} for author in ids] + [{"id": father, "role": "editor", "credited_as": "D."}])
    authors, books = tmp_path / "authors.csv", tmp_path / "books.csv"
    run(app, "export", authors, "--kind=authors")
    run(app, "export", books)
    run(other, "import", authors, books)
    for file, kind in ((authors, "authors"), (books, "books")):
        again = tmp_path / "again.csv"
        run(other, "export", again, f"--kind={kind}")
        assert again.read_bytes() == file.read_bytes()
    assert "Nothing has changed" in run(other, "import", authors, books).output


def test_two_homonyms_of_one_book_are_created(app, client, add_book, add_author, other, tmp_path):
    ids = [add_author(name="Alexandre Dumas")["id"] for _ in range(2)]
    add_book(authors=[{"id": author} for author in ids])
    add_book(authors=[{"id": ids[0]}])
    file, again = tmp_path / "books.csv", tmp_path / "again.csv"
    run(app, "export", file)
    run(other, "import", file)
    run(other, "export", again)
    assert again.read_bytes() == file.read_bytes()
    assert other.test_client().get("/authors?total=exact").json["meta"]["total"] == 2
    assert "Nothing has changed" in run(other, "import", again).output


def test_a_digest_of_another_table_stays_with_its_book(app, other, tmp_path):
    table, first, second = (tmp_path / f"{name}.csv" for name in ("table", "first", "second"))
    table.write_text("title,publisher\nA,B\n")
    run(app, "import", table)
    run(app, "export", first)
    assert ",digest:" in first.read_text()
    run(other, "import", first)
    run(other, "export", second)
    assert first.read_bytes() == second.read_bytes()
    first.write_text(first.read_text().replace("A,", "Another,"))
    run(app, "import", first)
    run(app, "export", second)
    assert second.read_text().splitlines() == first.read_text().splitlines()
