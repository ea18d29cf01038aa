"""The headers of every response."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from .reads import READS


@pytest.mark.parametrize("path", ["/books", "/books/1", "/nothing", "/", "/health/live"])
def test_every_response_has_the_id_of_its_request(filled: FlaskClient, path: str) -> None:
    for sent in ("a", "A-z_0.9", "x" * 128):
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            response = filled.open(path, method=method, headers={"X-Request-ID": sent})
            assert response.headers.getlist("X-Request-ID") == [sent]
            if response.status_code >= 400 and method != "HEAD":
                assert response.json["request_id"] == sent
    fresh = [filled.get(path).headers["X-Request-ID"] for _ in range(3)]
    assert len(set(fresh)) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,128}", request_id) for request_id in fresh)


@pytest.mark.parametrize("path", [*READS, "/", "/nothing", "/health/live", "/books/99"])
def test_every_response_forbids_guessing_its_type(filled: FlaskClient, path: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
        assert filled.open(path, method=method).headers.getlist("X-Content-Type-Options") == ["nosniff"]
