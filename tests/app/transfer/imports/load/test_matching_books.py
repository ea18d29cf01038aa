"""Which book of the catalog a record is matched with."""

from __future__ import annotations

import pytest

from tests.app.transfer.conftest import Imported, everything, ndjson


def test_the_same_file_again_changes_nothing(load, client):
    content = (
        "title,isbn,subjects,authors\n"
        "The Left Hand of Darkness,9780441478125,Gender,Ursula K. Le Guin\n"
        "Iliad,,,Homer;Virgil [editor]\n"
        "Iliad,,War,Homer\n"
    )
    assert load(content).counts == (3, 0, 0, 0, 0)
    before = everything(client), everything(client, "authors")
    again = load(content)
    assert again.counts == (0, 0, 3, 0, 0)
    assert "Nothing has changed" in again.output
    assert (everything(client), everything(client, "authors")) == before


def test_a_row_repeated_a_thousand_times_is_one_book(load, client):
    rows = ["A,Homer"] * 1_000 + ["B,Homer"] + ["A,Homer"] * 1_000
    assert load("\n".join(["title,authors", *rows, ""])).counts == (2, 0, 1_999, 0, 0)
    assert [book["title"] for book in everything(client)] == ["A", "B"]
    again = load("\n".join(["title,authors", *rows, ""]), options=("--on-conflict", "skip"))
    assert again.counts == (0, 0, 0, 2_001, 0)


def test_rows_of_one_digest_update_each_other(load, client):
    digest = "0" * 32
    records = [{"title": title, "identifiers": {"digest": [digest]}} for title in "AABA"]
    assert load(ndjson(*records), name="file.ndjson").counts == (1, 2, 1, 0, 0)
    assert [book["title"] for book in everything(client)] == ["A"]


# Records of NDJSON, and the books that are stored then: title, ISBN, identifiers without digests.
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
def test_a_book_is_matched_by_id_isbn_then_row(load, client, records, stored, warnings, together):
    imports: list[Imported] = []
    for part in [records] if together else [[record] for record in records]:
        imports.append(load(ndjson(*part), options=("--source", "shop"), name="file.ndjson"))
    result = []
    for book in everything(client):
        identifiers = {scheme: ids for scheme, ids in book["identifiers"].items() if scheme != "digest"}
        result.append((book["title"], book["isbn"], identifiers))
    assert result == stored
    assert {code: sum(imported.warnings.get(code, 0) for imported in imports) for code in warnings} == warnings
    again = load(ndjson(*records), options=("--source", "shop"), name="file.ndjson")
    assert again.report["created"] == 0


@pytest.mark.parametrize(
    "again",
    [
        "title,identifiers\nFrankenstein,gutenberg:84;oclc:7\n",
        '{"title": "Frankenstein", "identifiers": {"gutenberg": ["84"]}}\n',
    ],
    ids=["a table", "our representation"],
)
def test_a_book_is_matched_by_an_id_of_any_column(load, client, again):
    assert load("title,identifiers\nFrankenstien,gutenberg:84;oclc:7\n").counts == (1, 0, 0, 0, 0)
    assert load(again).counts == (0, 1, 0, 0, 0)
    assert [book["title"] for book in everything(client)] == ["Frankenstein"]


def test_ids_of_known_or_named_sources_are_unique(load, client):
    assert load("title,identifiers\nA,shop:1\n").counts == (1, 0, 0, 0, 0)
    assert load("title,identifiers\nB,shop:1\n", options=("--source", "shop")).counts == (0, 1, 0, 0, 0)
    assert load("title,identifiers\nC,shop:1\n").counts == (1, 0, 0, 0, 0)
    assert [book["title"] for book in everything(client)] == ["B", "C"]
