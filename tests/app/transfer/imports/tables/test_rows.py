"""Rows: their contributors, and rows that are not records."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "content",
    [
        'Title,Author 1,Author 2\nA,Ann Lee,"Ray, Bob"\n',
        "Title,Author1,Author2\nA,Ann Lee,Bob Ray\n",
        "Title,Author,Author\nA,Ann Lee,Bob Ray\n",
        'Title,Author(s)\nA,"Lee, Ann & Ray, Bob"\n',
        'Name,Author,Year\nA,"Ann Lee, Bob Ray",\n',
        "Book,Authors,Author (Last, First)\nA,Ann Lee|Bob Ray,\n".replace("(Last, First)", "[Last/First]"),
    ],
)
def test_several_authors_are_read_from_cells_or_columns(read, content):
    result = read(content)
    assert [contributor.name for contributor in result.only.contributors] == ["Ann Lee", "Bob Ray"]
    assert result.only.values["title"] == "A"


def test_a_name_may_have_two_columns(read):
    result = read("Title,First Name,Last Name\nA,Ursula K.,Le Guin\nB,,Plato\n")
    assert [record.contributors[0].name for record in result.prepared] == ["Ursula K. Le Guin", "Plato"]


def test_a_role_beside_a_name_overrides_the_columns_role(read):
    result = read("Title,Author,Contributors\nA,Homer; translated by Emily Wilson,Simon Vance (Narrator)\n")
    assert [(contributor.name, contributor.role) for contributor in result.only.contributors] == [
        ("Homer", "author"),
        ("Emily Wilson", "translator"),
        ("Simon Vance", "narrator"),
    ]


def test_entities_separate_no_names(read):
    result = read("Title,Author,Subjects\nX,Fran&ccedil;oise Sagan &amp; Ann Lee,Arts &amp; crafts; Tea\n")
    assert [contributor.name for contributor in result.only.contributors] == ["Françoise Sagan", "Ann Lee"]
    assert result.only.values["subjects"] == ["Arts & crafts", "Tea"]


def test_empty_rows_and_totals_are_skipped(read):
    result = read('Title,Author,Price\nA,,5\n,,\n , ,\nTotal,1,"5,00 €"\nTotal,,\n,,5\n')
    assert [record.values["title"] for record in result.prepared] == ["A", "Total"]
    assert result.counts.reasons == {"empty row": 2, "row of totals": 1}
    assert [rejected.number for rejected in result.rejected] == [7]
    assert result.counts.read == 6
