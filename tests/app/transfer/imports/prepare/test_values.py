"""Values: cleaned, validated, kept where something was lost."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("column", "cell", "values"),
    [
        ("published", "soon", {"identifiers": {"original.published": ["soon"]}}),
        ("published", "c1985", {"published": "1985", "identifiers": {"original.published": ["c1985"]}}),
        ("isbn", "0439023484", {"identifiers": {"original.isbn": ["0439023484"]}}),
        ("language", "en/fr", {"language": "en", "identifiers": {"original.language": ["en/fr"]}}),
        ("page_count", "many", {"identifiers": {"original.page_count": ["many"]}}),
        ("page_count", '"xv, 239 p."', {"page_count": 239}),
        ("page_count", '"1,024"', {"page_count": 1024}),
        ("page_count", "0", {}),
        ("series_position", "1-3", {"identifiers": {"original.series_position": ["1-3"]}}),
        ("cover_url", "cover.jpg", {"identifiers": {"original.cover_url": ["cover.jpg"]}}),
        ("subjects", "x;x; y", {"subjects": ["x", "y"]}),
        ("subjects", "x" * 501 + ";y", {"subjects": ["y"]}),
        ("description", '"One\r\n\r\nTwo  three"', {"description": "One\n\nTwo  three"}),
        ("subtitle", "a  b", {"subtitle": "a b"}),
        ("subtitle", " ", {}),
        ("subtitle", "\u200b", {}),
    ],
)
def test_the_certain_part_and_the_original_are_kept(read, column, cell, values):
    assert read(f"title,{column}\nA,{cell}\n").only.values == {"title": "A", **values}


@pytest.mark.parametrize(
    ("column", "cell", "field"),
    [
        ("title", "", "title"),
        ("title", "\u200b", "title"),
        ("title", "x" * 4001, "title"),
        ("subtitle", "x" * 1001, "subtitle"),
        ("identifiers", "Not A Scheme:1", "identifiers/Not A Scheme"),
        ("authors", "A" * 1001, "authors"),
        ("authors", ";".join(f"A{n}" for n in range(201)), "authors"),
    ],
)
def test_an_invalid_row_is_rejected_with_its_field(read, column, cell, field):
    row = {"title": "A", column: cell}
    result = read(f"{','.join(row)},publisher\n{','.join(row.values())},Ace\n")
    [rejected] = result.rejected
    assert [(reason.field, bool(reason.detail)) for reason in rejected.reasons] == [(field, True)]
    assert rejected.number == 2


def test_a_row_without_id_has_a_digest(read):
    content = "title,publisher,isbn\nA,B,\nA,C,\nD,E,9780441478125\n"
    first, second, third = read(content).prepared
    again = read(content).prepared
    elsewhere = read(content, source="shop").prepared
    assert len({first.digest, second.digest, elsewhere[0].digest}) == 3
    assert (
        [record.digest for record in again]
        == [first.digest, second.digest, ""]
        == [first.digest, second.digest, third.digest]
    )
