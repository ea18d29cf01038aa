"""The name that an author is sorted by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

Add = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("name", "filed"),
    [
        ("Ursula K. Le Guin", "Le Guin, Ursula K."),
        ("Homer", "Homer"),
        ("Frank Herbert", "Herbert, Frank"),
        ("Woolf, Virginia", "Woolf, Virginia"),
        ("Simone de Beauvoir", "Beauvoir, Simone de"),
        ("村上春樹", "村上春樹"),
        ("Martin Luther King Jr.", "King, Martin Luther, Jr."),
    ],
)
def test_a_sort_name_is_derived_from_the_name(add_author: Add, name: str, filed: str) -> None:
    assert add_author(name=name)["sort_name"] == filed


def test_a_derived_sort_name_follows_the_name(client: FlaskClient, add_author: Add) -> None:
    made, given = add_author(name="Mary Ann Evans"), add_author(name="Mary Ann Evans", sort_name="Eliot, George")
    change = {"name": "Marian Cross"}
    assert client.patch(f"/authors/{made['id']}", json=change).json["sort_name"] == "Cross, Marian"
    assert client.patch(f"/authors/{given['id']}", json=change).json["sort_name"] == "Eliot, George"
    assert client.patch(f"/authors/{given['id']}", json={"sort_name": None}).json["sort_name"] == "Cross, Marian"
    assert client.patch(f"/authors/{given['id']}", json={"name": "A B"}).json["sort_name"] == "B, A"
    assert client.put(f"/authors/{given['id']}", json={"name": "C D", "sort_name": "x"}).json["sort_name"] == "x"
    assert client.put(f"/authors/{given['id']}", json={"name": "C D"}).json["sort_name"] == "D, C"
