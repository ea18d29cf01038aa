"""Relator codes and terms as roles."""

from __future__ import annotations

import pytest

from app.transfer.imports.cleaning import roles


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("aut", "author"),
        ("author.", "author"),
        ("trl", "translator"),
        ("ill.", "illustrator"),
        ("Hrsg.", "editor"),
        ("http://id.loc.gov/vocabulary/relators/edt", "editor"),
        ("cll", "compiler"),
        ("writer of introduction", "introduction"),
        ("issuing body.", "contributor"),
        ("former owner.", ""),
        ("prt", ""),
        ("auhor.", None),
    ],
)
def test_find_role_returns_the_role_of_a_relator(word, role):
    assert roles.find_role(word) == role
