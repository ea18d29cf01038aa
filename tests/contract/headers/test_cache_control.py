"""Cache-Control, and what caches may keep."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from .reads import READS


@pytest.mark.parametrize("path", READS)
def test_caches_ask_again_for_every_read(filled: FlaskClient, path: str) -> None:
    response = filled.get(path)
    assert response.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert "Accept" in response.headers["Vary"]


def test_the_caching_time_is_a_setting(make_app: Callable[..., Flask], filled: FlaskClient) -> None:
    client = make_app(CACHE_DEFAULT_TIMEOUT=77).test_client()
    assert client.get("/books/1").headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert re.fullmatch(r"catalog; hit; ttl=7[0-9]", client.get("/books/1").headers["Cache-Status"])


def test_a_setting_lets_shared_caches_keep_reads(make_app: Callable[..., Flask], filled: FlaskClient) -> None:
    client = make_app(SHARED_MAX_AGE=10).test_client()
    assert client.get("/books/1").headers["Cache-Control"] == "public, max-age=0, s-maxage=10, must-revalidate"


def test_reads_after_a_write_see_the_write(filled: FlaskClient) -> None:
    paths = ("/books", "/books/1", "/books/isbn/9780441478125", "/authors/1/books", "/books?fields=title")
    for number in range(5):
        for path in paths:
            filled.get(path)
        assert filled.patch("/books/1", json={"title": f"Dune {number}"}).status_code == 200
        for path in paths:
            assert f"Dune {number}" in filled.get(path).text
