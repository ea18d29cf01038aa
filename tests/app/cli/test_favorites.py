"""``catalog favorites sample`` adds favorites that are valid by the rules of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.support.accounts import StoredAccount


def test_the_sample_fits_the_rules_of_the_api(
    app: Flask,
    client: FlaskClient,
    account: Callable[..., StoredAccount],
    headers_of: Callable[..., dict[str, str]],
    add_book: Callable[..., Any],
) -> None:
    book, ann = add_book(title="The Odyssey"), account()
    headers = headers_of(ann)
    result = app.test_cli_runner().invoke(args=["catalog", "favorites", "sample", ann.email.upper()])
    assert (result.exit_code, result.output) == (0, f"{ann.email.upper()} has 7 favorites.\n")
    favorites = client.get("/categories/1/favorites", headers=headers).json["data"]  # type: ignore[index]
    assert [each["ranking"] for each in favorites] == [1, 2, 3, 4, 5]
    assert favorites[1]["book"] == {"id": book["id"], "title": "The Odyssey"}
    for each in favorites:
        response = client.patch(f"/favorites/{each['id']}", json={"attributes": each["attributes"]}, headers=headers)
        assert response.json == each
    category = client.get("/categories/1", headers=headers).json
    assert client.put("/categories/1", json=category, headers=headers).json == category


def test_the_sample_is_added_once_and_to_accounts_only(app: Flask, account: Callable[..., StoredAccount]) -> None:
    ann, run = account(), app.test_cli_runner().invoke
    assert run(args=["catalog", "favorites", "sample", ann.email]).exit_code == 0
    for email, detail in ((ann.email, "has categories already"), ("none@example.com", "There is no account")):
        result = run(args=["catalog", "favorites", "sample", email])
        assert result.exit_code == 2
        assert detail in result.stderr
