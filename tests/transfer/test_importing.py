"""The import, by its command: `flask --app wsgi catalog import FILE…`, and the sample catalog."""

from __future__ import annotations

import csv
import gzip
import json
import re
from typing import Any

import pytest

from app.books.schemas import BOOKS
from app.commands import SAMPLE
from app.transfer.guessing import NAMES
from app.values import isbn

from .conftest import Imported, everything, ndjson


def contributors(book: dict[str, Any]) -> list[tuple[str, str]]:
    return [(author["name"], author["role"]) for author in book["authors"]]


# ---- what is stored


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
    found = load(f"title,{column}\nA book,{cell}\n")
    assert (found.exit_code, found.fates) == (0, (1, 0, 0, 0, 0)), found.said
    assert everything(client)[0][column] == stored


def test_every_writable_field_of_a_book_can_be_a_column(load, client):
    columns = [name for name, field in BOOKS.fields.items() if not field.read_only]
    row = ["A book" if name == "title" else "" for name in columns]
    assert load(f"{','.join(columns)}\n{','.join(row)}\n").exit_code == 0
    assert everything(client)[0]["title"] == "A book"


def test_contributors_stand_in_their_order_with_their_roles_and_credits(load, client):
    cell = "Homer;Emily Wilson [translator];Emily Wilson [introduction as E. W.];Homer [editor]"
    assert load(f"title,authors\nThe Odyssey,{cell}\n").exit_code == 0
    [book] = everything(client)
    assert [(one["name"], one["role"], one["credited_as"]) for one in book["authors"]] == [
        ("Homer", "author", None),
        ("Emily Wilson", "translator", None),
        ("Emily Wilson", "introduction", "E. W."),
        ("Homer", "editor", None),
    ]
    assert len(everything(client, "authors")) == 2


def test_two_spellings_of_one_name_are_one_contributor(load, client):
    load("title,authors\nWinnie-the-Pooh,A. A. Milne;A.A. Milne;E. H. Shepard [illustrator]\n")
    [book] = everything(client)
    assert contributors(book) == [("A. A. Milne", "author"), ("E. H. Shepard", "illustrator")]


def test_authors_are_imported_from_a_file_of_their_own(load, client):
    header = "name,sort_name,alternate_names,birth_date,death_date,biography,identifiers"
    row = 'Simone de Beauvoir,,Castor; S. de B.,1908-01-09,1986,"Wrote\nmuch",wikidata:Q7197'
    found = load(f"{header}\n{row}\nHomer,,,,,,\n")
    assert (found.exit_code, found.fates) == (0, (2, 0, 0, 0, 0))
    [author, _] = sorted(everything(client, "authors"), key=lambda one: one["name"], reverse=True)
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


def test_what_was_imported_is_read_and_found_at_once(load, client):
    assert client.get("/books").json["data"] == []
    assert client.get("/books?q=homer").json["data"] == []
    load("title,authors\nIliad,Homer\n")
    assert client.get("/books").json["meta"]["count"] == 1
    assert client.get("/books?q=homer%20iliad").json["meta"]["count"] == 1
    assert client.get("/books?q=homre").json["meta"]["count"] == 1  # a slip: the vocabulary knows the name


# ---- who is the same


def test_the_same_file_again_changes_nothing_and_says_so(load, client):
    content = (
        "title,isbn,subjects,authors\n"
        "The Left Hand of Darkness,9780441478125,Gender,Ursula K. Le Guin\n"
        "Iliad,,,Homer;Virgil [editor]\n"
        "Iliad,,War,Homer\n"
    )
    assert load(content).fates == (3, 0, 0, 0, 0)
    before = everything(client), everything(client, "authors")
    again = load(content)
    assert again.fates == (0, 0, 3, 0, 0)
    assert "Nothing has changed" in again.said
    assert (everything(client), everything(client, "authors")) == before


def test_a_row_that_stands_there_a_thousand_times_is_one_book_at_no_cost(load, client):
    rows = ["A,Homer"] * 1_000 + ["B,Homer"] + ["A,Homer"] * 1_000
    assert load("\n".join(["title,authors", *rows, ""])).fates == (2, 0, 1_999, 0, 0)
    assert [book["title"] for book in everything(client)] == ["A", "B"]
    again = load("\n".join(["title,authors", *rows, ""]), options=("--on-conflict", "skip"))
    assert again.fates == (0, 0, 0, 2_001, 0)


def test_of_rows_of_one_digest_each_that_differs_from_the_one_before_is_stored(load, client):
    digest = "0" * 32
    records = [{"title": title, "identifiers": {"digest": [digest]}} for title in "AABA"]
    assert load(ndjson(*records), name="file.ndjson").fates == (1, 2, 1, 0, 0)
    assert [book["title"] for book in everything(client)] == ["A"]


# Each case: records by NDJSON (or books that stand there already), and what stands there afterwards: books as
# (title, isbn, identifiers without digests).
@pytest.mark.parametrize(
    ("records", "stored", "warnings"),
    [
        # By the id of the source, though everything else differs.
        (
            [{"id": 1, "title": "A", "isbn": "9780441478125"}, {"id": 1, "title": "B"}],
            [("B", "9780441478125", {"shop": ["1"]})],
            {},
        ),
        # By the ISBN: the second has no other id.
        (
            [{"title": "A", "isbn": "9780441478125"}, {"id": 1, "title": "B", "isbn": "0441478123"}],
            [("B", "9780441478125", {"shop": ["1"]})],
            {},
        ),
        # Two ids with one ISBN: the first one holds it.
        (
            [{"id": 1, "title": "A", "isbn": "9780441478125"}, {"id": 2, "title": "B", "isbn": "9780441478125"}],
            [
                ("A", "9780441478125", {"shop": ["1"]}),
                ("B", None, {"shop": ["2"], "isbn": ["9780441478125"]}),
            ],
            {"isbn_taken": 1},
        ),
        # The id leads to one book, the ISBN to another one.
        (
            [
                {"id": 1, "title": "A", "isbn": "9780441478125"},
                {"id": 2, "title": "B"},
                {"id": 2, "title": "B", "isbn": "9780441478125"},
            ],
            [
                ("A", "9780441478125", {"shop": ["1"]}),
                ("B", None, {"shop": ["2"], "isbn": ["9780441478125"]}),
            ],
            {"isbn_taken": 1},
        ),
        # Neither: by the row itself.
        ([{"title": "A"}, {"title": "A"}, {"title": "A", "page_count": 2}], [("A", None, {}), ("A", None, {})], {}),
    ],
    ids=["id", "isbn", "one ISBN, two ids", "id and ISBN of two books", "digest"],
)
@pytest.mark.parametrize("together", [True, False], ids=["in one file", "one file each"])
def test_a_book_is_known_by_its_id_then_its_isbn_then_its_row(load, client, records, stored, warnings, together):
    given: list[Imported] = []
    for part in [records] if together else [[record] for record in records]:
        given.append(load(ndjson(*part), options=("--source", "shop"), name="file.ndjson"))
    found = []
    for book in everything(client):
        identifiers = {scheme: ids for scheme, ids in book["identifiers"].items() if scheme != "digest"}
        found.append((book["title"], book["isbn"], identifiers))
    assert found == stored
    assert {kind: sum(one.report["warnings"].get(kind, 0) for one in given) for kind in warnings} == warnings
    again = load(ndjson(*records), options=("--source", "shop"), name="file.ndjson")
    assert again.report["created"] == 0


# Records of authors, and which of them (by their places) are one author in the end.
@pytest.mark.parametrize(
    ("records", "groups"),
    [
        ([{"id": 1, "name": "George Smith"}, {"id": 2, "name": "George Smith"}], [[0], [1]]),
        ([{"id": 1, "name": "George Smith"}, {"id": 1, "name": "Smith, G."}], [[0, 1]]),
        ([{"name": "George Smith"}, {"name": "Smith, George"}, {"name": "GEORGE SMITH"}], [[0, 1, 2]]),
        (
            [{"name": "George Smith", "birth_date": "1824"}, {"name": "George Smith", "birth_date": "1840-05"}],
            [[0], [1]],
        ),
        ([{"name": "George Smith", "birth_date": "1824"}, {"name": "George Smith"}], [[0, 1]]),
        ([{"name": "George Smith"}, {"id": 1, "name": "George Smith", "birth_date": "1824"}], [[0, 1]]),
        (
            [
                {"name": "Mark Twain", "identifiers": {"viaf": ["50566653"]}},
                {"id": 1, "name": "Samuel Clemens", "identifiers": {"viaf": ["50566653"]}},
            ],
            [[0, 1]],
        ),
        (
            [
                {"id": 1, "name": "Mark Twain", "identifiers": {"viaf": ["50566653"]}},
                {"id": 2, "name": "Samuel Clemens", "identifiers": {"viaf": ["50566653"]}},
            ],
            [[0], [1]],
        ),
        (
            [
                {"name": "George Smith", "identifiers": {"viaf": ["1", "2"]}},
                {"name": "George Smith", "identifiers": {"viaf": ["3"]}},
                {"name": "Smith, George", "identifiers": {"viaf": ["2"], "isni": ["9"]}},
                {"name": "George Smith", "identifiers": {"original.birth_date": ["c1900"]}},
                {"name": "George Smith", "identifiers": {"original.birth_date": ["c1901"]}},
            ],
            [[0, 2, 3, 4], [1]],
        ),
        (
            [
                {"name": "A", "identifiers": {"original.birth_date": ["c1900"]}},
                {"name": "B", "identifiers": {"original.birth_date": ["c1900"]}},
            ],
            [[0], [1]],
        ),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["in one file", "one file each"])
def test_an_author_is_known_by_ids_then_by_name_and_year_of_birth(load, client, records, groups, together):
    for part in [records] if together else [[record] for record in records]:
        assert load(ndjson(*part), options=("--source", "shop"), name="file.ndjson").exit_code == 0
    assert len(everything(client, "authors")) == len(groups)
    before = everything(client, "authors")
    again = load(ndjson(*records), options=("--source", "shop"), name="file.ndjson")
    assert again.report["created"] == 0
    assert len(everything(client, "authors")) == len(before)


@pytest.mark.parametrize("key", [" a  b ", "e\u0301", "\u00e9"])
@pytest.mark.parametrize("make", ["book", "author", "contributor"])
def test_an_id_that_is_not_in_stored_form_is_known_again(load, client, key, make):
    record = {
        "book": {"id": key, "title": "A"},
        "author": {"id": key, "name": "A"},
        "contributor": {"id": "1", "title": "A", "authors": [{"id": key}]},
    }[make]
    options, name = ("--source", "shop"), "file.ndjson"
    assert load(ndjson(record), options=options, name=name).fates == (1, 0, 0, 0, 0)
    assert load(ndjson(record), options=options, name=name).fates == (0, 0, 1, 0, 0)
    [stored] = everything(client, "books" if make == "book" else "authors")
    assert stored["identifiers"] == {"shop": ["a b" if " " in key else "\u00e9"]}


# Contributors, of whom some are known by an id alone, and what the reason of the reject names.
@pytest.mark.parametrize(
    "contributor",
    [
        {"id": ""},
        {"id": "x" * 201},
        {"id": "a\0b"},
        {"id": "a", "credited_as": "a\0b"},
        {"id": "a", "credited_as": "\ud800"},
        {"id": "a", "credited_as": "x" * 1001},
    ],
    ids=["no id", "long id", "NUL in an id", "NUL in a credit", "half a letter", "long credit"],
)
def test_an_author_who_is_named_by_what_is_no_id_costs_only_that_book(load, client, contributor):
    records = ({"title": "A"}, {"title": "B", "authors": [contributor]}, {"title": "C"})
    found = load(ndjson(*records), options=("--source", "shop"), name="file.ndjson")
    assert (found.exit_code, found.fates) == (1, (2, 0, 0, 0, 1)), found.said
    assert ", line 2: authors: " in found.said
    assert [book["title"] for book in everything(client)] == ["A", "C"]


def test_an_id_of_a_named_author_that_cannot_be_kept_is_left_out(load, client):
    record = {"title": "A", "authors": [{"id": "x" * 201, "name": "Homer"}]}
    assert load(ndjson(record), options=("--source", "shop"), name="file.ndjson").exit_code == 0
    [author] = everything(client, "authors")
    assert (author["name"], author["identifiers"]) == ("Homer", {})


def test_contributors_of_one_name_with_ids_of_their_own_are_two_people(load, client):
    header = "gutenberg_id,title,author,gutenberg_author_id,language"
    rows = ['1,One,"Smith, George",7,en', '2,Two,"Smith, George",8,en', '3,Three,"Smith, George",7,en']
    content = "\n".join([header, *rows, ""])
    assert load(content).fates == (3, 0, 0, 0, 0)
    books = everything(client)
    assert books[0]["authors"] == books[2]["authors"] != books[1]["authors"]
    assert load(content).fates == (0, 0, 3, 0, 0)


def test_of_several_bearers_of_a_name_the_one_known_longest_is_taken_and_said(load, client, add_author):
    first, _ = add_author(name="George Smith"), add_author(name="George Smith")
    found = load("title,authors\nA book,George Smith\n")
    assert found.report["warnings"] == {"author_ambiguous": 1}
    assert everything(client)[0]["authors"][0]["id"] == first["id"]


def test_a_merged_records_id_leads_to_the_survivor_which_only_gains(load, client):
    books = ndjson({"id": 1, "title": "Kept"}, {"id": 2, "title": "Other", "page_count": 99})
    authors = ndjson({"id": 1, "name": "Kept"}, {"id": 2, "name": "Other", "birth_date": "1900"})
    options = ("--source", "shop")
    load(authors, books, options=options, name="file.ndjson")
    for resource in ("authors", "books"):
        ids = [record["id"] for record in everything(client, resource)]
        assert client.post(f"/{resource}/{ids[0]}/merge", json={"from": ids[1:]}).status_code == 200
    before = everything(client), everything(client, "authors")
    assert load(authors, books, options=options, name="file.ndjson").fates == (0, 0, 4, 0, 0)
    assert (everything(client), everything(client, "authors")) == before
    assert (before[0][0]["title"], before[0][0]["page_count"]) == ("Kept", 99)


# ---- what changes


def test_an_update_keeps_what_the_file_does_not_say(load, client, add_book):
    stored = add_book(
        title="Old",
        isbn="9780441478125",
        page_count=304,
        subjects=["Gender"],
        identifiers={"oclc": ["1"]},
        authors=[{"name": "Ursula K. Le Guin"}],
    )
    found = load("title,isbn,publisher,identifiers\nNew,9780441478125,Ace,oclc:2\n")
    assert found.fates == (0, 1, 0, 0, 0)
    [book] = everything(client)
    assert book["updated_at"] > stored["updated_at"]
    changed = {"title": "New", "publisher": "Ace", "identifiers": {"oclc": ["1", "2"]}}
    assert book == {**stored, **changed, "updated_at": book["updated_at"]}


def test_a_given_list_of_contributors_replaces_the_stored_one_and_search_follows(load, client, add_book):
    add_book(title="Iliad", isbn="9780441478125", authors=[{"name": "Virgil"}, {"name": "Homer", "role": "editor"}])
    load("title,isbn,authors\nIliad,9780441478125,Homer\n")
    assert contributors(everything(client)[0]) == [("Homer", "author")]
    assert client.get("/books?q=virgil").json["meta"]["count"] == 0
    assert client.get("/books?q=homer").json["meta"]["count"] == 1


def test_the_place_in_another_series_is_not_kept(load, client, add_book):
    add_book(title="A", isbn="9780441478125", series="Old", series_position=3)
    load("title,isbn,series\nA,9780441478125,New\n")
    [book] = everything(client)
    assert (book["series"], book["series_position"]) == ("New", None)


def test_on_conflict_skip_leaves_what_is_there(load, client, add_book):
    stored = add_book(title="Old", isbn="9780441478125")
    found = load("title,isbn\nNew,9780441478125\nOther,\n", options=("--on-conflict", "skip"))
    assert (found.fates, found.report["reasons"]) == ((1, 0, 0, 1, 0), {"already there": 1})
    assert everything(client)[0] == stored


@pytest.mark.parametrize(
    ("change", "sort_name"), [("", "Clemens, Samuel"), ("By hand", "By hand")], ids=["made", "given by hand"]
)
def test_a_sort_name_that_was_made_follows_the_name(load, client, change, sort_name):
    load(ndjson({"id": 1, "name": "Mark Twain"}), options=("--source", "shop"), name="file.ndjson")
    if change:
        client.patch(f"/authors/{everything(client, 'authors')[0]['id']}", json={"sort_name": change})
    load(ndjson({"id": 1, "name": "Samuel Clemens"}), options=("--source", "shop"), name="file.ndjson")
    [author] = everything(client, "authors")
    assert (author["name"], author["sort_name"]) == ("Samuel Clemens", sort_name)


# ---- Open Library


def dump(kind: str, key: str, **document: Any) -> str:
    return f"/type/{kind}\t{key}\t1\t2020-01-01T00:00:00\t{json.dumps({'key': key, **document})}\n"


AUTHOR_LINE = dump("author", "/authors/OL1A", name="Homer", birth_date="800 BC")
EDITION_LINE = dump("edition", "/books/OL1M", title="Iliad", authors=[{"key": "/authors/OL1A"}])
WORK_LINE = dump("work", "/works/OL1W", title="Ilias", authors=[{"author": {"key": "/authors/OL1A"}}])


@pytest.mark.parametrize(
    "files",
    [
        [AUTHOR_LINE, EDITION_LINE, WORK_LINE],
        [EDITION_LINE, WORK_LINE, AUTHOR_LINE],
        [WORK_LINE + AUTHOR_LINE + EDITION_LINE],
        [EDITION_LINE + AUTHOR_LINE, WORK_LINE],
    ],
)
@pytest.mark.parametrize("conflict", ["update", "skip"])
def test_the_lines_of_open_library_may_come_in_any_order(load, client, files, conflict):
    assert load(*files, options=("--on-conflict", conflict), name="dump.txt").exit_code == 0
    [author] = everything(client, "authors")
    assert (author["name"], author["sort_name"]) == ("Homer", "Homer")
    assert author["identifiers"]["openlibrary"] == ["OL1A"]
    found = {book["title"]: contributors(book) for book in everything(client)}
    assert found == {"Iliad": [("Homer", "author")], "Ilias": [("Homer", "author")]}
    assert client.get("/books?q=homer").json["meta"]["count"] == 2


def test_an_author_whose_line_never_comes_is_a_placeholder_named_by_the_key(load, client):
    load(EDITION_LINE, name="dump.txt")
    [author] = everything(client, "authors")
    assert (author["name"], author["identifiers"]) == ("OL1A", {"openlibrary": ["OL1A"]})


# ---- what is rejected, and what adds


def test_rejected_rows_are_mended_and_imported_again(load, client, tmp_path):
    rejects = tmp_path / "rejects.csv"
    found = load("title,page_count\nA,1\n,2\nC,3,4\nD,5\n", options=("--rejects", str(rejects)))
    assert (found.exit_code, found.fates) == (1, (2, 0, 0, 0, 2))
    rows = list(csv.reader(rejects.open(encoding="utf-8")))
    assert [row[:2] for row in rows[1:]] == [["3", "title"], ["4", ""]]
    rows[1][4], rows[2][4:] = "B", ["C", "3"]
    with rejects.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    assert load(rejects).fates == (2, 0, 0, 0, 0)
    assert sorted(book["title"] for book in everything(client)) == ["A", "B", "C", "D"]


def test_without_a_file_for_them_rejected_rows_are_told_with_their_lines(load):
    found = load("title,page_count\nA,1\n,2\nC,3,4\n")
    assert found.exit_code == 1
    told = [line for line in found.said.splitlines() if ", line " in line]
    assert [re.findall(r"line (\d+)", line) for line in told] == [["3"], ["4"]]
    assert "--rejects FILE" in found.said


SUBJECTS = "gutenberg_id,subject_type,subject\n1,lcsh,War\n1,lcsh,Epic\n1,lcc,PA\n2,lcsh,Tales\n"


def test_what_only_adds_waits_for_its_book(load, client, tmp_path):
    rejects = tmp_path / "rejects.csv"
    load("gutenberg_id,title,author,gutenberg_author_id,language\n1,Iliad,Homer,5,en\n")
    found = load(SUBJECTS, options=("--rejects", str(rejects)))
    assert (found.exit_code, found.fates) == (1, (0, 1, 0, 0, 1))
    [book] = everything(client)
    assert (book["subjects"], book["identifiers"]["lcc"]) == (["War", "Epic"], ["PA"])
    load("gutenberg_id,title,author,gutenberg_author_id,language\n2,Tales,,,en\n")
    assert load(rejects).fates == (0, 1, 0, 0, 0)
    assert load(SUBJECTS).fates == (0, 0, 2, 0, 0)


# ---- the command


def test_a_dry_run_reports_the_same_and_changes_nothing(load, client, add_author):
    add_author(name="Homer")
    content = "title,isbn,authors\nIliad,9780441478125,Homer\nIliad again,9780441478125,Virgil\n,,Ovid\n"
    dry = load(content, options=("--dry-run",))
    assert everything(client) == []
    assert len(everything(client, "authors")) == 1
    real = load(content)
    assert (dry.fates, dry.exit_code) == (real.fates, real.exit_code) == ((1, 1, 0, 0, 1), 1)
    assert {**dry.report, "dry_run": False} == real.report


def test_what_was_guessed_is_said_and_a_column_can_be_named(load, client):
    content = "Was;Wer\nDie Göttin;Homer\n".encode("cp1252")
    assert load(content).exit_code == 2
    found = load(content, options=("--map", "title=Was", "--map", "authors=Wer"))
    assert found.exit_code == 0
    assert "semicolon-separated" in found.said
    assert "Windows-1252" in found.said
    assert "title=Was" in found.said
    assert everything(client)[0]["title"] == "Die Göttin"
    assert contributors(everything(client)[0]) == [("Homer", "author")]


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"", (), ["empty"]),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), (), ["picture"]),
        (b"first,second\n1,2\n", (), ["--map"]),
        (b"title\nA\n", ("--map", "titel=title"), ["title"]),
        (b"title\nA\n", ("--map", "title"), ["field=column"]),
        (b"title\nA\n", ("--format", "xlsx"), ["Formats", "csv"]),
        (b"title\nA\n", ("--encoding", "utf-99"), ["utf-8"]),
        (b"title\nA\n", ("--source", "My Shop"), ["--source"]),
        (b"title\nA\n", ("--source", "isbn"), ["--source"]),
        (b"title\nA\n", ("--rejects", "/nowhere/at/all.csv"), ["folder"]),
    ],
)
def test_what_cannot_be_imported_is_told_and_nothing_is_written(load, client, content, options, words):
    found = load(content, options=options)
    assert found.exit_code == 2
    assert all(word in found.said for word in words), found.said
    assert everything(client) == []


def test_a_header_alone_is_no_mistake(load):
    assert (load("title,authors\n").exit_code, load("title,authors\n").fates) == (0, (0, 0, 0, 0, 0))


def test_nothing_is_written_where_one_of_several_files_cannot_be_read(load, client):
    assert load("title\nA\n", b"").exit_code == 2
    assert everything(client) == []


def test_a_file_that_is_cut_off_fails_and_what_came_before_stands(load, client):
    rows = "".join(f"Book {number},{number}\n" for number in range(1, 20_000))
    whole = gzip.compress(f"title,page_count\n{rows}".encode())
    found = load(whole[: len(whole) * 3 // 4], name="file.csv.gz")
    assert found.exit_code == 2
    assert "cut off" in found.said
    assert found.report["created"] > 1_000
    assert client.get("/books?total=exact").json["meta"]["total"] == found.report["created"]
    again = load(whole, name="file.csv.gz")
    assert again.fates[0] + found.report["created"] == 19_999


def test_the_file_to_write_to_is_not_the_one_to_read(load, tmp_path):
    file = tmp_path / "books.csv"
    file.write_text("title\nA\n")
    assert load(file, options=("--rejects", str(file))).exit_code == 2
    assert file.read_text() == "title\nA\n"


def test_the_rejects_of_a_second_file_and_the_report_overwrite_nothing(load, tmp_path):
    first, second, rejects = tmp_path / "first.csv", tmp_path / "rejects.2.csv", tmp_path / "rejects.csv"
    first.write_text("title,subtitle\n,x\n")
    second.write_text("title,subtitle\n,y\nA,z\n")
    found = load(first, second, options=("--rejects", str(rejects)))
    assert (found.exit_code, second.read_text()) == (2, "title,subtitle\n,y\nA,z\n")
    assert "rejects.2.csvistoberead" in "".join(found.said.split())
    assert load(first, options=("--rejects", str(tmp_path / "report.json"))).exit_code == 2
    assert not (tmp_path / "report.json").exists()


def test_where_the_rejects_are_is_said(load, tmp_path):
    rejects = tmp_path / "rejects.csv"
    found = load("title,subtitle\n,x\nA,y\n,z\n", options=("--rejects", str(rejects)))
    assert f"2rejectedrecordsarein{rejects}," in "".join(found.said.split())
    assert "rejected record" not in load("title\nB\n", options=("--rejects", str(rejects))).said


def test_a_database_that_is_away_is_told_in_a_sentence(make_app, tmp_path):
    file = tmp_path / "file.csv"
    file.write_text("title\nIliad\n")
    away = make_app(DATABASE_URL=f"postgresql://postgres@/catalog?host={tmp_path}")
    result = away.test_cli_runner().invoke(args=["catalog", "import", str(file)])
    assert result.exit_code == 2
    assert "database does not answer" in result.output


def test_the_help_names_every_format(app):
    said = app.test_cli_runner().invoke(args=["catalog", "import", "--help"]).output
    assert [name for name in NAMES if not re.search(rf"\b{name}\b", said)] == []


# ---- the sample catalog


def rows_of(name: str) -> list[dict[str, str]]:
    with (SAMPLE / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_sample_catalog_loads_completely_and_a_second_time_does_nothing(app, client):
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


@pytest.mark.parametrize(
    "again",
    [
        "title,identifiers\nFrankenstein,gutenberg:84;oclc:7\n",
        '{"title": "Frankenstein", "identifiers": {"gutenberg": ["84"]}}\n',
    ],
    ids=["a table", "our representation"],
)
def test_a_book_is_known_by_its_id_in_a_source_wherever_that_stands(load, client, again):
    assert load("title,identifiers\nFrankenstien,gutenberg:84;oclc:7\n").fates == (1, 0, 0, 0, 0)
    assert load(again).fates == (0, 1, 0, 0, 0)
    assert [book["title"] for book in everything(client)] == ["Frankenstein"]


def test_ids_are_of_one_book_each_where_a_source_is_known_or_named(load, client):
    assert load("title,identifiers\nA,shop:1\n").fates == (1, 0, 0, 0, 0)
    assert load("title,identifiers\nB,shop:1\n", options=("--source", "shop")).fates == (0, 1, 0, 0, 0)
    assert load("title,identifiers\nC,shop:1\n").fates == (1, 0, 0, 0, 0)
    assert [book["title"] for book in everything(client)] == ["B", "C"]


def test_the_rejects_of_an_import_before_go_when_nothing_is_rejected_any_more(load, tmp_path):
    rejects = tmp_path / "rejects.csv"
    assert load("title,page_count\nA,1\n,2\n", options=("--rejects", str(rejects))).exit_code == 1
    assert "title is required" in rejects.read_text()
    assert load("title\nA\n", options=("--rejects", str(rejects))).exit_code == 0
    assert not rejects.exists()
