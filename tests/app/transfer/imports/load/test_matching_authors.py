"""Which author of the catalog a record or contributor is matched with."""

from __future__ import annotations

import pytest

from tests.app.transfer.conftest import everything, ndjson


# Records of authors, and which of them (by index) are the same author.
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
def test_an_author_is_matched_by_ids_then_name_and_birth(load, client, records, groups, together):
    for part in [records] if together else [[record] for record in records]:
        assert load(ndjson(*part), options=("--source", "shop"), name="file.ndjson").exit_code == 0
    assert len(everything(client, "authors")) == len(groups)
    before = everything(client, "authors")
    again = load(ndjson(*records), options=("--source", "shop"), name="file.ndjson")
    assert again.report["created"] == 0
    assert len(everything(client, "authors")) == len(before)


@pytest.mark.parametrize("key", [" a  b ", "e\u0301", "\u00e9"])
@pytest.mark.parametrize("make", ["book", "author", "contributor"])
def test_an_unusual_id_is_matched_again(load, client, key, make):
    record = {
        "book": {"id": key, "title": "A"},
        "author": {"id": key, "name": "A"},
        "contributor": {"id": "1", "title": "A", "authors": [{"id": key}]},
    }[make]
    options, name = ("--source", "shop"), "file.ndjson"
    assert load(ndjson(record), options=options, name=name).counts == (1, 0, 0, 0, 0)
    assert load(ndjson(record), options=options, name=name).counts == (0, 0, 1, 0, 0)
    [stored] = everything(client, "books" if make == "book" else "authors")
    assert stored["identifiers"] == {"shop": ["a b" if " " in key else "\u00e9"]}


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
def test_an_invalid_author_id_rejects_only_its_book(load, client, contributor):
    records = ({"title": "A"}, {"title": "B", "authors": [contributor]}, {"title": "C"})
    result = load(ndjson(*records), options=("--source", "shop"), name="file.ndjson")
    assert (result.exit_code, result.counts) == (1, (2, 0, 0, 0, 1)), result.output
    assert ", line 2: authors: " in result.output
    assert [book["title"] for book in everything(client)] == ["A", "C"]


def test_an_unusable_id_of_a_named_author_is_left_out(load, client):
    record = {"title": "A", "authors": [{"id": "x" * 201, "name": "Homer"}]}
    assert load(ndjson(record), options=("--source", "shop"), name="file.ndjson").exit_code == 0
    [author] = everything(client, "authors")
    assert (author["name"], author["identifiers"]) == ("Homer", {})


def test_contributors_of_one_name_but_different_ids_are_two(load, client):
    header = "gutenberg_id,title,author,gutenberg_author_id,language"
    rows = ['1,One,"Smith, George",7,en', '2,Two,"Smith, George",8,en', '3,Three,"Smith, George",7,en']
    content = "\n".join([header, *rows, ""])
    assert load(content).counts == (3, 0, 0, 0, 0)
    books = everything(client)
    assert books[0]["authors"] == books[2]["authors"] != books[1]["authors"]
    assert load(content).counts == (0, 0, 3, 0, 0)


def test_the_oldest_author_of_a_name_is_matched(load, client, add_author):
    first, _ = add_author(name="George Smith"), add_author(name="George Smith")
    result = load("title,authors\nA book,George Smith\n")
    assert result.warnings == {"author_ambiguous": 1}
    assert everything(client)[0]["authors"][0]["id"] == first["id"]


def test_an_id_of_a_merged_record_leads_to_the_survivor(load, client):
    books = ndjson({"id": 1, "title": "Kept"}, {"id": 2, "title": "Other", "page_count": 99})
    authors = ndjson({"id": 1, "name": "Kept"}, {"id": 2, "name": "Other", "birth_date": "1900"})
    options = ("--source", "shop")
    load(authors, books, options=options, name="file.ndjson")
    for resource in ("authors", "books"):
        ids = [record["id"] for record in everything(client, resource)]
        assert client.post(f"/{resource}/{ids[0]}/merge", json={"from": ids[1:]}).status_code == 200
    before = everything(client), everything(client, "authors")
    assert load(authors, books, options=options, name="file.ndjson").counts == (0, 0, 4, 0, 0)
    assert (everything(client), everything(client, "authors")) == before
    assert (before[0][0]["title"], before[0][0]["page_count"]) == ("Kept", 99)
