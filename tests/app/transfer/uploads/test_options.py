"""The query of an upload is checked before its body is read."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.http.problems import InvalidQuery
from app.transfer.uploads.options import UploadOptions, parse_options

from .conftest import Stalling


def test_options_are_read_by_name(app: Flask) -> None:
    pairs = [
        *(("format", "csv"), ("source", "my-shop"), ("on_conflict", "skip"), ("dry_run", "true")),
        *(("encoding", "cp1252"), ("delimiter", ";"), ("map.title", "Titel"), ("map.authors[translator]", "Von")),
    ]
    mapping = {"title": "Titel", "authors[translator]": "Von"}
    assert parse_options(pairs) == UploadOptions("csv", "my-shop", "skip", True, "cp1252", ";", mapping)
    assert parse_options([]) == UploadOptions()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("formt", "csv", "format"),
        ("format", "cvs", "csv"),
        ("format", "", "format"),
        ("source", "My Shop", "source may have only a-z"),
        ("source", "isbn", "reserved"),
        ("on_conflict", "merge", "update, skip"),
        ("dry_run", "yes", "true, false"),
        ("encoding", "utf-99", "Unknown encoding"),
        ("encoding", "base64", "Unknown encoding"),
        ("encoding", "a\0b", "Unknown encoding"),
        ("delimiter", ";;", "is not a delimiter"),
        ("map.titel", "Buch", "title"),
        ("map.title", "", "map.title=Book-Title"),
        ("map.", "Buch", "map.title=Book-Title"),
    ],
)
def test_a_wrong_option_is_named(app: Flask, name: str, value: str, sentence: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        parse_options([(name, value)])
    (fault,) = caught.value.faults
    assert fault.name == name
    assert sentence in fault.detail
    assert "--" not in fault.detail


def test_all_wrong_options_are_named(app: Flask) -> None:
    with pytest.raises(InvalidQuery) as caught:
        parse_options([("format", "x"), ("format", "y"), ("delimiter", "::"), ("x", "1")])
    assert [fault.name for fault in caught.value.faults] == ["format", "format", "delimiter", "x"]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/imports?formt=csv", {"Accept": "text/csv"}, 400),
        ("/imports", {"Accept": "text/csv", "Content-Length": "99999999999"}, 406),
        ("/imports", {"Idempotency-Key": "short"}, 400),
        ("/imports", {"Authorization": "Bearer wrong"}, 401),
    ],
    ids=["query", "accept", "key", "credentials"],
)
def test_a_fault_is_found_before_the_body_is_read(
    client: FlaskClient, path: str, headers: dict[str, str], status: int
) -> None:
    response = client.post(path, input_stream=Stalling(), headers={"Content-Length": "10", **headers})
    assert response.status_code == status
